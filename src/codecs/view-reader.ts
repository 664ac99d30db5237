/** Cuts what lies in several views as if it was one piece, in order. */
export class ViewReader {
  readonly #views: Buffer[];

  constructor(views: readonly Buffer[]) {
    this.#views = views.filter((view) => view.length > 0);
  }

  /** The next bytes, in one piece; fewer at the end. Copies only what crosses a border. */
  read(bytes: number): Buffer {
    const pieces = this.pieces(bytes);
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** The next bytes where they lie; fewer at the end. */
  pieces(bytes: number): Buffer[] {
    const pieces: Buffer[] = [];
    let missing = bytes;
    while (missing > 0 && this.#views.length > 0) {
      const piece = this.#next(missing);
      pieces.push(piece);
      missing -= piece.length;
    }
    return pieces;
  }

  /** Next bytes of the current view. */
  #next(maxBytes: number): Buffer {
    const view = this.#views[0] as Buffer;
    const piece = view.subarray(0, maxBytes);
    if (piece.length === view.length) this.#views.shift();
    else this.#views[0] = view.subarray(piece.length);
    return piece;
  }
}
