import { type ByteTarget } from './byte-target.js';

/** Where the bytes of one request's body come from. One `receive` at a time. */
export interface BodySource {
  /** Length as declared, undefined for a body in HTTP chunks. */
  readonly lengthBytes: number | undefined;
  /** Puts the next `bytes` bytes into `target` and calls `done` once: with an error when they do not come. */
  receive(bytes: number, target: ByteTarget, done: (error?: Error) => void): void;
  /** Calls `done` once: with an error when the body goes on. */
  end(done: (error?: Error) => void): void;
  /** From now on no target is written to; what is unread is thrown away as it comes. Idempotent. */
  discard(): void;
}
