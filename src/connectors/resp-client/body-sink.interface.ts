/** Takes the bytes of one bulk in, in order. `ChunkIntake` is one. */
export interface BodySink {
  /** Where the next bytes go, without a gap: at least one byte unless nothing remains. */
  target(maxBytes: number): Buffer;
  /** So many bytes were written into the last `target`. */
  advance(bytes: number): void;
  /** Copies bytes in. @returns how many were taken; fewer than given only when nothing remains. */
  write(bytes: Uint8Array): number;
}
