const LF = 0x0a;
const EMPTY = Buffer.alloc(0);
/** Room that is kept from line to line; a longer line's is given up. */
const KEPT_BYTES = 1024;

/** Collects one line of text from pieces of any size. */
export class LineBuffer {
  readonly #maxBytes: number;
  #bytes: Buffer = EMPTY;
  #length = 0;
  #state: 'open' | 'done' | 'too-long' = 'open';

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get state(): 'open' | 'done' | 'too-long' {
    return this.#state;
  }

  /** The line without its LF, valid until `reset`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  reset(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = EMPTY;
    this.#length = 0;
    this.#state = 'open';
  }

  /** @returns the offset behind the last byte taken; `state` tells whether the line is complete. */
  push(chunk: Buffer, start: number, end: number): number {
    const newline = chunk.subarray(start, end).indexOf(LF);
    const stop = newline === -1 ? end : start + newline;
    const length = this.#length + stop - start;
    if (length > this.#maxBytes) {
      this.#state = 'too-long';
      return stop;
    }
    if (this.#bytes.length < length) this.#grow(length);
    chunk.copy(this.#bytes, this.#length, start, stop);
    this.#length = length;
    if (newline === -1) return stop;
    this.#state = 'done';
    return stop + 1;
  }

  #grow(length: number): void {
    const grown = Buffer.allocUnsafe(Math.min(Math.max(64, 2 * length), this.#maxBytes));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
