const CR = 0x0d;
const LF = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
/** Redis reads 64-bit integers; more digits are an error even where the number would only be skipped. */
const MAX_DIGITS = 18;

/**
 * Reads the decimal number and the CRLF behind `*` or `$`, from pieces of any size. As strict as Redis: no plus sign,
 * no leading zeros, no spaces.
 */
export class LengthLine {
  /** The number, once `state` is `done`. */
  value = 0;
  state: 'open' | 'done' | 'invalid' | 'too-long' = 'open';

  readonly #maxBytes: number;
  #digits = 0;
  #bytes = 0;
  #negative = false;
  #valid = true;
  #sawCr = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  reset(): void {
    this.value = 0;
    this.state = 'open';
    this.#digits = 0;
    this.#bytes = 0;
    this.#negative = false;
    this.#valid = true;
    this.#sawCr = false;
  }

  /** @returns the offset behind the last byte that belongs to the line; `state` tells whether it is complete. */
  push(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = chunk[at++] as number;
      if (this.#sawCr) {
        this.#finish(byte === LF);
        return at;
      }
      if (byte === CR) this.#sawCr = true;
      else if (!this.#accept(byte)) return at;
    }
    return at;
  }

  #accept(byte: number): boolean {
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (this.#digits === 1 && this.value === 0) this.#valid = false;
      this.value = this.value * 10 + digit;
      this.#digits++;
    } else if (byte === MINUS && this.#bytes === 0) {
      this.#negative = true;
    } else {
      this.#valid = false;
    }
    if (++this.#bytes <= this.#maxBytes) return true;
    this.state = 'too-long';
    return false;
  }

  #finish(terminated: boolean): void {
    const negativeZero = this.#negative && this.value === 0;
    const valid =
      terminated && this.#valid && !negativeZero && this.#digits > 0 && this.#digits <= MAX_DIGITS;
    if (this.#negative) this.value = -this.value;
    this.state = valid ? 'done' : 'invalid';
  }
}
