import { ChunkKey } from './chunk-key.js';
import { digestInto } from './digest.js';

/** Of each key in `digests`. */
export const DIGEST_WORDS = 4;
const FIRST_CAPACITY = 128;

/**
 * Many keys as they lie in one buffer, without an object for each: for questions about hundreds of keys at once. Valid
 * until the buffer changes, or `reset`; `key` makes one that lasts.
 */
export class KeyBatch {
  namespace = 0;
  #length = 0;
  #starts = new Uint32Array(FIRST_CAPACITY);
  #lengths = new Uint32Array(FIRST_CAPACITY);
  #digests = new Uint32Array(FIRST_CAPACITY * DIGEST_WORDS);
  /** How many keys have one. */
  #digested = 0;
  #source: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(this.#source.buffer);

  /** How many keys there are. */
  get length(): number {
    return this.#length;
  }

  /** What the keys lie in. */
  get memory(): ArrayBufferLike {
    return this.#source.buffer;
  }

  /** Of each key, in bytes from the start of `memory`; beyond `length` they mean nothing. */
  get starts(): Uint32Array {
    return this.#starts;
  }

  /** Of each key, in bytes; beyond `length` they mean nothing. */
  get lengths(): Uint32Array {
    return this.#lengths;
  }

  /** Of each key, four words; computed when they are first asked for. */
  get digests(): Uint32Array {
    if (this.#digests.length < this.#starts.length * DIGEST_WORDS) {
      this.#digests = new Uint32Array(this.#starts.length * DIGEST_WORDS);
      this.#digested = 0;
    }
    for (; this.#digested < this.#length; this.#digested++) this.#digest(this.#digested);
    return this.#digests;
  }

  /** Begins anew, with keys that lie in `source`. */
  reset(source: Buffer, namespace: number): void {
    this.#source = source;
    if (this.#view.buffer !== source.buffer) this.#view = new DataView(source.buffer);
    this.namespace = namespace;
    this.#length = this.#digested = 0;
  }

  /** The key that takes `length` bytes of the source from `from` on. */
  add(from: number, length: number): void {
    const index = this.#length++;
    if (index === this.#starts.length) this.#grow();
    this.#starts[index] = this.#source.byteOffset + from;
    this.#lengths[index] = length;
  }

  /** Length of a key in bytes. */
  lengthOf(index: number): number {
    return this.#lengths[index] as number;
  }

  /** Whether the bytes of a key are those that `other` has from `at` on. */
  isAt(index: number, other: DataView, at: number): boolean {
    const view = this.#view;
    const start = this.#starts[index] as number;
    const length = this.#lengths[index] as number;
    const words = length & ~3;
    for (let i = 0; i < words; i += 4) {
      if (view.getInt32(start + i) !== other.getInt32(at + i)) return false;
    }
    for (let i = words; i < length; i++) {
      if (view.getUint8(start + i) !== other.getUint8(at + i)) return false;
    }
    return true;
  }

  /** A key with bytes of its own. */
  key(index: number): ChunkKey {
    const from = (this.#starts[index] as number) - this.#source.byteOffset;
    const bytes = Buffer.from(this.#source.subarray(from, from + this.lengthOf(index)));
    return new ChunkKey(bytes, this.namespace);
  }

  #grow(): void {
    this.#starts = doubled(this.#starts);
    this.#lengths = doubled(this.#lengths);
  }

  #digest(index: number): void {
    const start = this.#starts[index] as number;
    const length = this.#lengths[index] as number;
    digestInto(this.#digests, index * DIGEST_WORDS, this.#view, start, length, this.namespace);
  }
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(2 * numbers.length);
  more.set(numbers);
  return more;
}
