const SMALL_BYTES = 16 * 1024;
const LARGE_BYTES = 256 * 1024;

/**
 * Where everything is read to that is not a value: requests, and the first bytes of a value behind its request. One for
 * all connections, because it is used up before the next read; what a blocked connection leaves is set aside.
 */
const large = Buffer.allocUnsafeSlow(LARGE_BYTES);
const small = large.subarray(0, SMALL_BYTES);

/**
 * What one client has sent and nobody has parsed: the bytes of `buffer` from `at` to `end`.
 *
 * Who sends many requests at once is read from in large pieces; who sends values is not, since what is read of a value
 * along with its request must be copied.
 */
export class UnparsedInput {
  buffer: Buffer = small;
  at = 0;
  end = 0;
  #window = small;
  #hasValue = false;

  get isUsedUp(): boolean {
    return this.at === this.end;
  }

  /** Where the next bytes may be read to: all that was there is used up. */
  target(): Buffer {
    return this.#window;
  }

  /** Whether `target` gave this buffer, to whomever. */
  owns(buffer: Buffer): boolean {
    return buffer === small || buffer === large;
  }

  /** So many bytes were read to `target`. */
  filled(target: Buffer, bytes: number): void {
    this.buffer = target;
    this.at = 0;
    this.end = bytes;
    this.#window = bytes === target.length && !this.#hasValue ? large : small;
    this.#hasValue = false;
  }

  /** A value begins in what was read. */
  meetValue(): void {
    this.#hasValue = true;
    this.#window = small;
  }

  /** Takes up to so many bytes out. */
  take(maxBytes: number): Buffer {
    const from = this.at;
    this.at += Math.min(maxBytes, this.end - from);
    return this.buffer.subarray(from, this.at);
  }

  /** Others are going to read to the same memory. */
  setAside(): void {
    if (this.isUsedUp || !this.owns(this.buffer)) return;
    this.buffer = Buffer.from(this.buffer.subarray(this.at, this.end));
    this.end -= this.at;
    this.at = 0;
  }
}
