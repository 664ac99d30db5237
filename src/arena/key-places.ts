import { type KeyBatch } from '../protocols/chunk-key/key-batch.js';
import { Double, type RecordTable, Word } from './record-table.js';

const CACHE_LINE_BYTES = 64;

/**
 * Compares keys with those in the arena, many at once. Each pass does one thing for all of them, so that the processor
 * waits for the memory of several keys at a time and not for that of one after the other.
 */
export class KeyPlaces {
  readonly #bytes: DataView;
  readonly #records: RecordTable;
  #offsets = new Float64Array(128);
  /** Keeps the compiler from leaving out what it was computed from. */
  touched = 0;

  constructor(region: ArrayBuffer, records: RecordTable) {
    this.#bytes = new DataView(region);
    this.#records = records;
  }

  /** As `Arena.matchBatch`. */
  match(slots: Int32Array, keys: KeyBatch): void {
    const { length } = keys;
    if (length > this.#offsets.length) this.#offsets = new Float64Array(2 * length);
    this.#find(slots, keys);
    this.#touch(slots, length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      if ((slots[i] as number) >= 0 && !keys.isAt(i, bytes, this.#offsets[i] as number)) slots[i] = -2;
    }
  }

  #find(slots: Int32Array, keys: KeyBatch): void {
    const records = this.#records;
    const namespace = keys.namespace | 0;
    for (let i = 0; i < keys.length; i++) {
      const slot = slots[i] as number;
      if (slot < 0) continue;
      this.#offsets[i] = records.double(slot, Double.KeyOffset);
      if (
        !records.isLive(slot) ||
        records.word(slot, Word.KeyBytes) !== keys.lengthOf(i) ||
        records.word(slot, Word.Namespace) !== namespace
      ) {
        slots[i] = -2;
      }
    }
  }

  #touch(slots: Int32Array, length: number): void {
    const last = this.#bytes.byteLength - 4;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      if ((slots[i] as number) < 0) continue;
      const at = this.#offsets[i] as number;
      sum +=
        this.#bytes.getInt32(Math.min(at, last)) +
        this.#bytes.getInt32(Math.min(at + CACHE_LINE_BYTES, last));
    }
    this.touched = sum | 0;
  }
}
