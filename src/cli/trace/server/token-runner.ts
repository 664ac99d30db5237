import { type KvnestClient } from '../../../client/index.js';
import { type Trace } from '../../../modules/trace/trace.interface.js';
import { type BlockBytes } from './block-bytes.js';
import { OutcomeWriter } from './outcome-writer.js';
import { prefetched } from './prefetched.js';
import { type Prefill } from './prefill.js';
import { type RequestOutcome, type RequestRunner } from './request-outcome.interface.js';

const MODEL = 'kvnest-trace';
/** Blocks of one store. */
const STORED_AT_ONCE = 16;

/** By tokens, as an engine asks: lookup, retrieve, store. A block is one chunk of the server, of tokens that spell its number. */
export class TokenRunner implements RequestRunner {
  constructor(
    private readonly client: KvnestClient,
    private readonly trace: Trace,
    private readonly bytes: BlockBytes,
    private readonly prefill: Prefill,
    private readonly chunkTokens: number,
  ) {}

  prefetch(request: number): Promise<number> {
    const tokens = [...this.#tokens(this.#blocks(request))];
    return prefetched(this.client, 'kv.prefetch', { model: MODEL, tokens });
  }

  async run(request: number): Promise<RequestOutcome> {
    const blocks = this.#blocks(request);
    const tokens = this.#tokens(blocks);
    const writer = new OutcomeWriter(this.bytes);
    const { chunks } = await this.client.lookup(tokens, { model: MODEL });
    if (chunks.length > 0) {
      for await (const { index, bytes } of this.client.retrieve(tokens, { model: MODEL })) {
        writer.read(blocks[index] as number, bytes);
      }
    }
    await this.prefill.after(request, writer.outcome.hits);
    for (let at = writer.outcome.hits; at < blocks.length; at += STORED_AT_ONCE) {
      await this.#store(tokens, blocks, at, writer);
    }
    return writer.outcome;
  }

  async #store(tokens: Uint32Array, blocks: Uint32Array, from: number, writer: OutcomeWriter): Promise<void> {
    const chunks = Array.from(blocks.subarray(from, from + STORED_AT_ONCE), (block, index) => ({
      index: from + index,
      bytes: this.bytes.of(block),
    }));
    const answers = await this.client.store(tokens, chunks, { model: MODEL });
    for (const [at, { bytes }] of chunks.entries()) {
      writer.stored(
        bytes.reduce((sum, { length }) => sum + length, 0),
        answers[at]?.stored === true,
      );
    }
  }

  #blocks(request: number): Uint32Array {
    return this.trace.blocks.subarray(this.trace.starts[request], this.trace.starts[request + 1]);
  }

  #tokens(blocks: Uint32Array): Uint32Array {
    const tokens = new Uint32Array(blocks.length * this.chunkTokens);
    for (const [index, block] of blocks.entries()) {
      tokens.fill(block, index * this.chunkTokens, (index + 1) * this.chunkTokens);
    }
    return tokens;
  }
}
