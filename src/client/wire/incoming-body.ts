import { type BodySink, NOWHERE } from './body-sink.js';

/** The body of a frame on its way to where its receiver wants it. */
export class IncomingBody {
  #remainingBytes: number;
  #sink: BodySink;

  constructor(lengthBytes: number, sink: BodySink | undefined) {
    this.#remainingBytes = lengthBytes;
    this.#sink = sink ?? NOWHERE;
  }

  get done(): boolean {
    return this.#remainingBytes === 0;
  }

  /** Where the next bytes go; never empty before it is done. */
  target(): Uint8Array {
    return this.#sink.target(this.#remainingBytes);
  }

  advance(bytes: number): void {
    this.#remainingBytes -= bytes;
    this.#sink.advance(bytes);
  }

  /** Copies bytes in. @returns the offset behind the last byte that belongs to this body. */
  write(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#remainingBytes);
    this.#remainingBytes -= end - start;
    this.#sink.write(bytes.subarray(start, end));
    return end;
  }

  /** The receiver is gone: what is still to come goes nowhere. */
  divert(): void {
    this.#sink = NOWHERE;
  }
}
