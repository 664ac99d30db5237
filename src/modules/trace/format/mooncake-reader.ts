import { type TraceBuilder } from './trace-builder.js';
import { type TraceLine, type TraceReader } from './trace-line.interface.js';

/** Tokens of a block. */
const BLOCK_TOKENS = 512;

/** Lines as `{"timestamp": 0, "input_length": 6758, "output_length": 500, "hash_ids": [0, 1, 2]}`. */
export class MooncakeReader implements TraceReader {
  constructor(
    private readonly builder: TraceBuilder,
    private readonly bytesPerToken: number,
  ) {}

  read(line: TraceLine): string | undefined {
    const { timestamp, input_length: tokens, hash_ids: ids } = line;
    if (!isCount(timestamp)) return '"timestamp" is no number of milliseconds';
    if (!isCount(tokens)) return '"input_length" is no number of tokens';
    if (!Array.isArray(ids) || !ids.every(isCount)) return '"hash_ids" is no list of block numbers';
    const needed = Math.ceil(tokens / BLOCK_TOKENS);
    if (ids.length !== needed) {
      return `"hash_ids" names ${ids.length} blocks, and ${tokens} tokens are ${needed} of ${BLOCK_TOKENS}`;
    }
    this.builder.beginRequest(timestamp);
    for (const [depth, id] of ids.entries()) {
      const length = Math.min(BLOCK_TOKENS, tokens - depth * BLOCK_TOKENS);
      this.builder.add({ id, tokens: length, depth, bytes: length * this.bytesPerToken });
    }
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
