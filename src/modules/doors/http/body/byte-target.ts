/** Where bytes of a body go. `ExtentWriter` is one, over the arena. */
export interface ByteTarget {
  /** The next free bytes: at most `maxBytes`, at least one while more is expected. */
  target(maxBytes: number): Buffer;
  /** So many bytes lie at the start of the last target now. */
  advance(bytes: number): void;
}

/** Bytes that nobody wants. */
export class Discard implements ByteTarget {
  static readonly #bin = Buffer.alloc(64 * 1024);

  target(maxBytes: number): Buffer {
    return Discard.#bin.subarray(0, maxBytes);
  }

  advance(): void {
    // They are overwritten by the next ones.
  }
}

/** Bytes into one buffer. */
export class FillBuffer implements ByteTarget {
  #filled = 0;

  constructor(readonly buffer: Buffer) {}

  target(maxBytes: number): Buffer {
    return this.buffer.subarray(this.#filled, this.#filled + maxBytes);
  }

  advance(bytes: number): void {
    this.#filled += bytes;
  }
}

/** Copies all of `chunk`, for which there must be room. */
export function copyInto(target: ByteTarget, chunk: Buffer): void {
  let copied = 0;
  while (copied < chunk.length) {
    const bytes = chunk.copy(target.target(chunk.length - copied), 0, copied);
    target.advance(bytes);
    copied += bytes;
  }
}
