import { type ChunkKey, type KeyDigest } from '../protocols/chunk-key/chunk-key.js';
import { type ChunkState } from './arena.interface.js';

export const RECORD_BYTES = 128;
const INTS = RECORD_BYTES / Int32Array.BYTES_PER_ELEMENT;
const DOUBLES = RECORD_BYTES / Float64Array.BYTES_PER_ELEMENT;

/** Places of the fields in a record, in Int32 words. */
export const enum Word {
  Generation = 0,
  State = 1,
  References = 2,
  /** How many of the references have no object. */
  Kept = 3,
  Digest = 4,
  Namespace = 8,
  Checksum = 9,
  Depth = 10,
  KeyBytes = 11,
  MetadataBytes = 12,
  MetadataCapacity = 13,
  /** First page of the slab that holds key and metadata. */
  KeySlab = 14,
  /** First page + 1 of the bytes, or of the slab they share; 0 = there are none. */
  DataPage = 15,
  /** 1 when the bytes share pages with others. */
  Shared = 16,
  /** In a free record: slot + 1 of the next free one. */
  NextFree = 17,
  /** Four words, all zero = unknown. */
  Parent = 26,
  /** `formNumber`. */
  Form = 30,
}

/** Places of the fields in a record, in Float64 words. */
export const enum Double {
  Length = 9,
  ExpiresAt = 10,
  /** Bytes from the start of the region to the key; the metadata follows it. */
  KeyOffset = 11,
  /** Bytes from the start of the region, where the bytes share pages. */
  DataOffset = 12,
}

const STATES = ['free', 'reserved', 'sealed', 'condemned'] as const;
type RecordState = (typeof STATES)[number];

/** The fixed records at the head of the region, one for each chunk; a record's number is its slot. */
export class RecordTable {
  readonly count: number;
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;
  /** Slot + 1 of the first record that was used and freed. */
  #freeHead = 0;
  /** Slots from here on were never used. */
  #untouched = 0;
  #free: number;

  constructor(buffer: ArrayBuffer, offset: number, count: number) {
    this.count = count;
    this.#ints = new Int32Array(buffer, offset, count * INTS);
    this.#doubles = new Float64Array(buffer, offset, count * DOUBLES);
    this.#free = count;
  }

  get freeCount(): number {
    return this.#free;
  }

  /** A record of its own for a new chunk: reserved, with one reference and all else zero. @returns its slot or -1. */
  take(): number {
    const slot = this.#freeHead > 0 ? this.#freeHead - 1 : this.#untouched;
    if (slot === this.count) return -1;
    if (this.#freeHead > 0) this.#freeHead = this.word(slot, Word.NextFree);
    else this.#untouched++;
    this.#free--;
    const generation = (this.word(slot, Word.Generation) + 1) | 0;
    this.#ints.fill(0, slot * INTS, (slot + 1) * INTS);
    this.setWord(slot, Word.Generation, generation);
    this.setWord(slot, Word.State, STATES.indexOf('reserved'));
    this.setWord(slot, Word.References, 1);
    return slot;
  }

  giveBack(slot: number): void {
    this.setWord(slot, Word.State, STATES.indexOf('free'));
    this.setWord(slot, Word.References, 0);
    this.setWord(slot, Word.NextFree, this.#freeHead);
    this.#freeHead = slot + 1;
    this.#free++;
  }

  isLive(slot: number): boolean {
    return (this.#ints[slot * INTS + Word.State] ?? 0) !== 0;
  }

  state(slot: number): RecordState {
    return STATES[this.word(slot, Word.State)] as RecordState;
  }

  parent(slot: number): KeyDigest | undefined {
    const word = (i: number): number => (this.#ints[slot * INTS + Word.Parent + i] as number) >>> 0;
    const digest = { d0: word(0), d1: word(1), d2: word(2), d3: word(3) };
    return (digest.d0 | digest.d1 | digest.d2 | digest.d3) === 0 ? undefined : digest;
  }

  setParent(slot: number, { d0, d1, d2, d3 }: KeyDigest): void {
    this.#ints.set([d0, d1, d2, d3], slot * INTS + Word.Parent);
  }

  setState(slot: number, state: ChunkState): void {
    this.setWord(slot, Word.State, STATES.indexOf(state));
  }

  /** Counts one more reference. Atomic, because other threads may map the table. */
  retain(slot: number): void {
    Atomics.add(this.#ints, slot * INTS + Word.References, 1);
  }

  /** Counts one reference less. @returns how many are left. */
  release(slot: number): number {
    return Atomics.sub(this.#ints, slot * INTS + Word.References, 1) - 1;
  }

  references(slot: number): number {
    return Atomics.load(this.#ints, slot * INTS + Word.References);
  }

  setDigest(slot: number, key: ChunkKey): void {
    const at = slot * INTS + Word.Digest;
    this.#ints[at] = key.d0;
    this.#ints[at + 1] = key.d1;
    this.#ints[at + 2] = key.d2;
    this.#ints[at + 3] = key.d3;
    this.setWord(slot, Word.Namespace, key.namespace);
  }

  hasDigest(slot: number, key: ChunkKey): boolean {
    const at = slot * INTS + Word.Digest;
    return (
      this.#ints[at] === (key.d0 | 0) &&
      this.#ints[at + 1] === (key.d1 | 0) &&
      this.#ints[at + 2] === (key.d2 | 0) &&
      this.#ints[at + 3] === (key.d3 | 0) &&
      this.#ints[slot * INTS + Word.Namespace] === (key.namespace | 0)
    );
  }

  word(slot: number, field: Word): number {
    return this.#ints[slot * INTS + field] as number;
  }

  setWord(slot: number, field: Word, value: number): void {
    this.#ints[slot * INTS + field] = value;
  }

  double(slot: number, field: Double): number {
    return this.#doubles[slot * DOUBLES + field] as number;
  }

  setDouble(slot: number, field: Double, value: number): void {
    this.#doubles[slot * DOUBLES + field] = value;
  }
}
