import { type FetchOutcome } from '../remote-connector.interface.js';
import { type ChunkIntake } from './chunk-intake.interface.js';
import { type ValueIntake } from './value-intake.js';

const DISCARD = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * A header and behind it the bytes of a chunk. How long the header is shows in its first bytes. Where it is damaged, the rest is
 * read and dropped, and the outcome is `corrupt`.
 */
export abstract class HeadedIntake implements ChunkIntake {
  readonly #totalBytes: number;
  #header: Buffer;
  #receivedBytes = 0;
  /** Undefined while the header comes in, and for good when it is none. */
  #value: ValueIntake | undefined;
  #isDamaged: boolean;

  /**
   * @param totalBytes header included.
   * @param firstBytes of the header, as many as it takes to see how long it is.
   * @param leastBytes fewer in all are damage.
   */
  constructor(totalBytes: number, firstBytes: number, leastBytes: number) {
    this.#totalBytes = totalBytes;
    this.#header = Buffer.alloc(firstBytes);
    this.#isDamaged = totalBytes < leastBytes;
  }

  /** Length of the whole header, by its first bytes; undefined: it is damaged. */
  protected abstract headerBytes(first: Buffer, totalBytes: number): number | undefined;

  /** Takes the bytes behind the header in; undefined: it is damaged. */
  protected abstract openValue(header: Buffer, lengthBytes: number): ValueIntake | undefined;

  get remainingBytes(): number {
    return this.#totalBytes - this.#receivedBytes;
  }

  get discards(): boolean {
    return this.#value?.discards ?? this.#isDamaged;
  }

  target(maxBytes: number): Buffer {
    if (this.#value !== undefined) return this.#value.target(maxBytes);
    const place = this.#isDamaged ? DISCARD : this.#header.subarray(this.#receivedBytes);
    return place.subarray(0, Math.min(maxBytes, this.remainingBytes));
  }

  advance(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#value !== undefined) this.#value.advance(bytes);
    else if (!this.#isDamaged && this.#receivedBytes === this.#header.length) this.#onHeader();
  }

  write(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.length && this.remainingBytes > 0) {
      if (this.#value !== undefined) {
        const more = this.#value.write(bytes.subarray(taken));
        this.#receivedBytes += more;
        return taken + more;
      }
      const target = this.target(bytes.length - taken);
      target.set(bytes.subarray(taken, taken + target.length));
      this.advance(target.length);
      taken += target.length;
    }
    return taken;
  }

  finish(): FetchOutcome {
    return this.#value?.finish() ?? 'corrupt';
  }

  [Symbol.dispose](): void {
    this.#value?.[Symbol.dispose]();
  }

  #onHeader(): void {
    const length = this.headerBytes(this.#header, this.#totalBytes);
    if (length === undefined || length > this.#totalBytes) this.#isDamaged = true;
    else if (this.#header.length < length) this.#header = Buffer.concat([this.#header], length);
    else {
      this.#value = this.openValue(this.#header, this.#totalBytes - length);
      this.#isDamaged = this.#value === undefined;
    }
  }
}
