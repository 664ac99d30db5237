const NEWLINE = 0x0a;

export interface LineSplitterParts {
  readonly maxLineBytes: number;
  /**
   * Takes a line without its end. The bytes are valid during the call.
   *
   * @param cutBytes how many more the line had.
   * @returns whether it wants the next one; else `onSkipped` gets the whole lines that follow in this piece.
   */
  readonly onLine: (line: Buffer, cutBytes: number) => boolean;
  readonly onSkipped: (lines: Buffer) => void;
}

/** Cuts a stream of bytes into lines. What it costs is bounded by the bytes, also when nobody wants the lines. */
export class LineSplitter {
  readonly #parts: LineSplitterParts;
  /** The beginning of the line that has not ended. */
  #begun: Buffer | undefined;
  #begunBytes = 0;
  #cutBytes = 0;

  constructor(parts: LineSplitterParts) {
    this.#parts = parts;
  }

  push(piece: Buffer): void {
    let from = 0;
    for (;;) {
      const end = piece.indexOf(NEWLINE, from);
      if (end === -1) {
        this.#begin(piece.subarray(from));
        return;
      }
      const goOn = this.#finish(piece.subarray(from, end));
      from = end + 1;
      if (!goOn) from = this.#skip(piece, from);
    }
  }

  /** A last line without its end counts as one. */
  end(): void {
    if (this.#begunBytes > 0) this.#finish(Buffer.alloc(0));
  }

  #skip(piece: Buffer, from: number): number {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end <= from) return from;
    this.#parts.onSkipped(piece.subarray(from, end));
    return end;
  }

  #begin(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const { maxLineBytes } = this.#parts;
    this.#begun ??= Buffer.allocUnsafe(maxLineBytes);
    const copied = bytes.copy(this.#begun, this.#begunBytes);
    this.#begunBytes += copied;
    this.#cutBytes += bytes.length - copied;
  }

  #finish(rest: Buffer): boolean {
    const { maxLineBytes, onLine } = this.#parts;
    if (this.#begunBytes === 0) {
      return onLine(rest.subarray(0, maxLineBytes), Math.max(0, rest.length - maxLineBytes));
    }
    this.#begin(rest);
    const line = this.#begun?.subarray(0, this.#begunBytes) ?? rest;
    const cutBytes = this.#cutBytes;
    this.#begunBytes = 0;
    this.#cutBytes = 0;
    return onLine(line, cutBytes);
  }
}
