import { type TraceBuilder } from './trace-builder.js';
import { type TraceLine, type TraceReader } from './trace-line.interface.js';
import { TRACE_VERSION } from './recorded-line.js';

/** Who reads later than this after a lookup asks anew: an engine may have had the chunk itself, and never reads it. */
const READ_WITHIN_MS = 60_000;

/**
 * Lines that kvnest recorded. A lookup is a request for all its keys. Reading what a lookup found, and storing what it did not,
 * belongs to it; a read that no lookup came before is a request for one key, and a put that nobody asked before only stores.
 */
export class RecordedReader implements TraceReader {
  #chunkTokens = 0;
  /** Keys that a lookup named and nobody has read since, with its time. */
  readonly #unread = new Map<string, number>();
  /** Keys that somebody asked for and nobody has stored since. */
  readonly #unstored = new Set<string>();

  constructor(private readonly builder: TraceBuilder) {}

  read(line: TraceLine): string | undefined {
    if (this.#chunkTokens === 0) return this.#readHeader(line);
    if ('kvnest_trace' in line) return this.#readHeader(line);
    const { t, op } = line;
    if (!isCount(t)) return '"t" is no number of milliseconds';
    if (op === 'lookup' || op === 'retrieve') return this.#readLookup(t, line, op === 'retrieve');
    if (op === 'get') return this.#readGet(t, line);
    if (op === 'put') return this.#readPut(t, line);
    return op === 'lost' ? undefined : '"op" is none of lookup, retrieve, get, put and lost';
  }

  #readHeader({ kvnest_trace: version, chunk_tokens: chunkTokens }: TraceLine): string | undefined {
    if (version !== TRACE_VERSION) {
      return `it is of version ${JSON.stringify(version)}, and this kvnest reads version ${TRACE_VERSION}`;
    }
    if (!isCount(chunkTokens) || chunkTokens === 0) return '"chunk_tokens" is no number of tokens';
    this.#chunkTokens = chunkTokens;
    return undefined;
  }

  #readLookup(timeMs: number, { keys, tokens = 0 }: TraceLine, reads: boolean): string | undefined {
    if (!Array.isArray(keys) || !keys.every(isKey)) return '"keys" is no list of keys';
    if (!isCount(tokens)) return '"tokens" is no number';
    const [first] = keys;
    if (first === undefined || (reads && this.#isUnread(first, timeMs))) return undefined;
    this.builder.beginRequest(timeMs);
    for (const [depth, id] of keys.entries()) {
      this.builder.add({ id, depth, tokens: this.#tokensAt(depth, tokens) });
      this.#unread.set(id, timeMs);
      this.#unstored.add(id);
    }
    return undefined;
  }

  #readGet(timeMs: number, { key, bytes }: TraceLine): string | undefined {
    if (!isKey(key)) return '"key" is no key';
    if (bytes !== undefined && !isCount(bytes)) return '"bytes" is no number';
    const belongsToLookup = this.#isUnread(key, timeMs);
    this.#unread.delete(key);
    if (belongsToLookup) {
      if (bytes !== undefined) this.builder.setBytes(key, bytes);
      return undefined;
    }
    this.builder.beginRequest(timeMs);
    this.builder.add({ id: key, depth: -1, tokens: this.#chunkTokens, bytes });
    this.#unstored.add(key);
    return undefined;
  }

  #readPut(timeMs: number, { key, bytes, depth = -1 }: TraceLine): string | undefined {
    if (!isKey(key)) return '"key" is no key';
    if (!isCount(bytes)) return '"bytes" is no number';
    if (depth !== -1 && !isCount(depth)) return '"depth" is no number';
    this.#unread.delete(key);
    if (this.#unstored.delete(key)) {
      this.builder.setBytes(key, bytes);
      return undefined;
    }
    this.builder.beginRequest(timeMs, true);
    this.builder.add({ id: key, depth: depth, tokens: this.#chunkTokens, bytes });
    return undefined;
  }

  #isUnread(key: string, timeMs: number): boolean {
    const lookedUpMs = this.#unread.get(key);
    return lookedUpMs !== undefined && timeMs - lookedUpMs <= READ_WITHIN_MS;
  }

  /** Every chunk is full, except for the last of a prompt whose length is known. */
  #tokensAt(depth: number, tokens: number): number {
    const left = tokens - depth * this.#chunkTokens;
    return left > 0 ? Math.min(left, this.#chunkTokens) : this.#chunkTokens;
  }
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
