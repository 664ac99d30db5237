/** The chunks of one prefix that one tier has: which are still to be loaded, in order, and how many are held. */
export class Lane {
  /** Loading, or loaded and not yet disposed. */
  held = 0;
  readonly #waiting: number[] = [];

  constructor(
    readonly place: string,
    private readonly window: number,
  ) {}

  /** Chunk number `index` is in this tier; numbers come in any order. */
  add(index: number): void {
    const { length } = this.#waiting;
    if (length === 0 || (this.#waiting[length - 1] as number) < index) {
      this.#waiting.push(index);
      return;
    }
    const place = this.#waiting.findIndex((other) => other > index);
    this.#waiting.splice(place, 0, index);
  }

  /**
   * The next chunk to load in front of `end`, which counts as held from now on; -1 when there is none or the window is full.
   * Chunk `urgent`, the one that is delivered next, is taken all the same: those in the window wait for it.
   */
  take(end: number, urgent: number): number {
    const index = this.#waiting[0];
    if (index === undefined || index >= end || (this.held >= this.window && index !== urgent)) return -1;
    this.#waiting.shift();
    this.held++;
    return index;
  }
}
