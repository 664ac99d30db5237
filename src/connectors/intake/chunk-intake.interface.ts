import { type FetchOutcome } from '../remote-connector.interface.js';

/** Takes a value from a store in, in order, straight to its place in the arena. Disposed without `finish`, it gives all back. */
export interface ChunkIntake extends Disposable {
  /** Bytes of the value that are still to come. */
  readonly remainingBytes: number;
  /** What is still to come goes nowhere: a source that need not be read to its end can stop here. */
  readonly discards: boolean;
  /** Where the next bytes go, without a gap: at least one byte unless nothing remains. */
  target(maxBytes: number): Buffer;
  /** So many bytes were written into the last `target`. */
  advance(bytes: number): void;
  /** Copies bytes in. @returns how many were taken; fewer than given only when nothing remains. */
  write(bytes: Uint8Array): number;
  /** All bytes are in. The chunk belongs to the caller. */
  finish(): FetchOutcome;
}
