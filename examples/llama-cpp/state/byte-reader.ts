import { StateFormatError } from './state-error.ts';

/** Reads little-endian fields one after the other; a read beyond the end is a `StateFormatError`. */
export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  i32(): number {
    return this.take(4).readInt32LE();
  }

  u64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Buffer {
    if (length > this.remaining) throw new StateFormatError('The state ends too early');
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }
}
