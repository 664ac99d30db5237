/** Gathers a header of fixed length from pieces of any size. */
export class HeaderCollector {
  /** Whole once `push` has said so, and until the next `push`. */
  readonly bytes: Buffer;
  #filled = 0;

  constructor(lengthBytes: number) {
    this.bytes = Buffer.alloc(lengthBytes);
  }

  /** Whether nothing of a header has come. */
  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  get missingBytes(): number {
    return this.bytes.length - this.#filled;
  }

  /** Takes what belongs to the header. @returns how many bytes that were. */
  push(buffer: Buffer, start: number, end: number): number {
    const taken = buffer.copy(this.bytes, this.#filled, start, Math.min(end, start + this.missingBytes));
    this.#filled += taken;
    return taken;
  }

  reset(): void {
    this.#filled = 0;
  }
}
