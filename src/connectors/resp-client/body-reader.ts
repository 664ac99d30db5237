import { type ChunkIntake } from '../intake/chunk-intake.interface.js';

/** Takes the bytes of one bulk in, in order, as an intake does. */
export type BodySink = Pick<ChunkIntake, 'target' | 'advance' | 'write'>;

/** How much is read at once: few enough that the checksum of the bytes finds them in the processor's cache. */
const READ_BYTES = 256 * 1024;
/** Where bytes go that nobody wants. What it holds is never read, so that all connections share it. */
const DISCARD = Buffer.allocUnsafeSlow(READ_BYTES);

/** One bulk on its way from a socket to its place, or to nowhere. */
export class BodyReader {
  #remainingBytes: number;

  /** @param sink takes exactly `lengthBytes` bytes; undefined: they are dropped. */
  constructor(
    lengthBytes: number,
    private readonly sink: BodySink | undefined,
  ) {
    this.#remainingBytes = lengthBytes;
  }

  get done(): boolean {
    return this.#remainingBytes === 0;
  }

  /** Where the next bytes go; never empty before it is done. */
  target(): Buffer {
    const maxBytes = Math.min(READ_BYTES, this.#remainingBytes);
    return this.sink?.target(maxBytes) ?? DISCARD.subarray(0, maxBytes);
  }

  advance(bytes: number): void {
    this.sink?.advance(bytes);
    this.#remainingBytes -= bytes;
  }

  /** Copies bytes in. @returns the offset behind the last byte that belongs to this bulk. */
  write(buffer: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#remainingBytes);
    this.sink?.write(buffer.subarray(start, stop));
    this.#remainingBytes -= stop - start;
    return stop;
  }
}
