/** Takes the bytes of one body in, in order: straight from the socket where that can be. */
export interface BodySink {
  /** Where the next bytes go: at least one byte, and at most `maxBytes`, which is never more than what is to come. */
  target(maxBytes: number): Uint8Array;
  /** So many bytes were written to the last `target`. */
  advance(bytes: number): void;
  /** Copies bytes in. */
  write(bytes: Uint8Array): unknown;
}

/** A body in one piece. */
export class BufferSink implements BodySink {
  #at = 0;

  constructor(private readonly buffer: Uint8Array) {}

  target(maxBytes: number): Uint8Array {
    return this.buffer.subarray(this.#at, this.#at + maxBytes);
  }

  advance(bytes: number): void {
    this.#at += bytes;
  }

  write(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

const DISCARD = Buffer.allocUnsafeSlow(256 * 1024);

/** For bytes that nobody wants: they must leave the socket all the same. What it holds is never read, so that all share it. */
export const NOWHERE: BodySink = {
  target: (maxBytes) => DISCARD.subarray(0, Math.min(maxBytes, DISCARD.length)),
  advance: () => undefined,
  write: () => undefined,
};
