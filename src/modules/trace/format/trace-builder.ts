import { type Trace } from '../trace.interface.js';
import { GrowingArray } from './growing-array.js';

const { imul } = Math;

/** One reference to a block. */
export interface BlockReference {
  readonly id: string | number;
  /** 0 = unknown. */
  readonly tokens: number;
  /** -1 = unknown. */
  readonly depth: number;
  /** Length of the block; undefined = unknown, or as it was said before. */
  readonly bytes?: number | undefined;
}

/** Gathers the requests of a trace in columns: a trace of an hour has some 300,000 references. */
export class TraceBuilder {
  readonly #numbers = new Map<string | number, number>();
  readonly #starts = new GrowingArray(Uint32Array);
  readonly #blocks = new GrowingArray(Uint32Array);
  readonly #tokens = new GrowingArray(Uint32Array);
  readonly #depths = new GrowingArray(Int32Array);
  readonly #storesOnly = new GrowingArray(Uint8Array);
  readonly #timesMs = new GrowingArray(Float64Array);
  readonly #blockBytes = new GrowingArray(Float64Array);

  beginRequest(timeMs: number, storesOnly = false): void {
    this.#starts.push(this.#blocks.length);
    this.#timesMs.push(timeMs);
    this.#storesOnly.push(storesOnly ? 1 : 0);
  }

  /** One more block of the request that was begun last. */
  add({ id, tokens, depth, bytes }: BlockReference): void {
    const block = this.#number(id);
    this.#blocks.push(block);
    this.#tokens.push(tokens);
    this.#depths.push(depth);
    if (bytes !== undefined) this.#blockBytes.set(block, bytes);
  }

  /** Says how long a block is that was referred to. */
  setBytes(id: string | number, bytes: number): void {
    const block = this.#numbers.get(id);
    if (block !== undefined) this.#blockBytes.set(block, bytes);
  }

  build(): Trace {
    const requests = this.#starts.length;
    this.#starts.push(this.#blocks.length);
    const timesMs = this.#timesMs.toArray();
    const first = timesMs[0] ?? 0;
    return {
      requests,
      blockCount: this.#numbers.size,
      starts: this.#starts.toArray(),
      blocks: this.#blocks.toArray(),
      tokens: this.#tokens.toArray(),
      depths: this.#depths.toArray(),
      storesOnly: this.#storesOnly.toArray(),
      timesMs: timesMs.map((timeMs) => timeMs - first),
      blockBytes: this.#blockBytes.toArray(),
      digests: digests(this.#numbers.size),
    };
  }

  #number(id: string | number): number {
    const known = this.#numbers.get(id);
    if (known !== undefined) return known;
    const block = this.#numbers.size;
    this.#numbers.set(id, block);
    this.#blockBytes.push(0);
    return block;
  }
}

/** Words that are spread as those of a digest are: policies index tables with them. */
function digests(blockCount: number): Uint32Array {
  const words = new Uint32Array(4 * blockCount);
  for (let i = 0; i < words.length; i++) words[i] = mixed(i);
  return words;
}

/** MurmurHash3's finaliser. */
function mixed(word: number): number {
  let hash = imul(word + 1, 0x9e3779b1);
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
