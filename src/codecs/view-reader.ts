/** Reads what lies in several views as if it was one piece, in order; copies only what crosses a border. */
export class ViewReader {
  readonly #views: Buffer[];

  constructor(views: readonly Buffer[]) {
    this.#views = views.filter((view) => view.length > 0);
  }

  /** The next bytes, in one piece; fewer at the end. */
  read(bytes: number): Buffer {
    const first = this.#next(bytes);
    if (first.length === bytes) return first;
    const parts = [first];
    let missing = bytes - first.length;
    while (missing > 0 && this.#views.length > 0) {
      const part = this.#next(missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** Next bytes of the current view. */
  #next(maxBytes: number): Buffer {
    const view = this.#views[0] ?? Buffer.alloc(0);
    const part = view.subarray(0, maxBytes);
    if (part.length === view.length) this.#views.shift();
    else this.#views[0] = view.subarray(part.length);
    return part;
  }
}
