/** Gives numbers to the cursors of a store, which may be any text. Beyond the bound the oldest is forgotten. */
export class ScanCursors {
  readonly #cursors = new Map<number, string>();
  #last = 0;

  constructor(private readonly maxCursors: number) {}

  /** @returns 0 for the empty cursor, which ends a scan. */
  numberOf(cursor: string): number {
    if (cursor === '') return 0;
    this.#cursors.set(++this.#last, cursor);
    if (this.#cursors.size > this.maxCursors) {
      const [oldest] = this.#cursors.keys();
      if (oldest !== undefined) this.#cursors.delete(oldest);
    }
    return this.#last;
  }

  /** @returns undefined for a number that was never given, or was forgotten; the empty cursor for 0. */
  cursorOf(number: number): string | undefined {
    return number === 0 ? '' : this.#cursors.get(number);
  }
}
