/** Room for one chunk beyond the window: its bytes, or 0 where there is none. */
export type GoAhead = (index: number) => number;

/** The chunks of one prefix that one tier has: which are still to be loaded, in order, and how many are held. */
export class Lane {
  /** Of those held, how many are not there yet. */
  #loading = 0;
  /** Of those held, how many the receiver has. */
  #delivered = 0;
  /** Loading, or loaded and not yet disposed. */
  #held = 0;
  /** What chunks beyond the window took, each. */
  readonly #aheadBytes: number[] = [];
  /** The tier answers at once: nothing is won by asking before it is time. */
  #isInstant = false;
  readonly #waiting: number[] = [];

  constructor(
    readonly place: string,
    private readonly window: number,
  ) {}

  /** Whether more is held than the window. */
  get isAhead(): boolean {
    return this.#aheadBytes.length > 0;
  }

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
   * The next chunk to load in front of `end`, which counts as held from now on; -1 when there is none, or the window is full
   * and nothing goes beyond it. Chunk `urgent`, the one that is delivered next, is taken all the same: those in the window
   * wait for it.
   */
  take(end: number, urgent: number, goAhead: GoAhead): number {
    const index = this.#waiting[0];
    if (index === undefined || index >= end || (index !== urgent && !this.#hasRoom(index, goAhead)))
      return -1;
    this.#waiting.shift();
    this.#held++;
    return index;
  }

  begin(): void {
    this.#loading++;
  }

  /** A load has ended. @param atOnce before `begin` returned to who reads. */
  arrive(atOnce: boolean): void {
    this.#loading--;
    this.#isInstant = atOnce;
  }

  /** One goes to the receiver. @returns false when it has as many as the window. */
  deliver(): boolean {
    if (this.#delivered >= this.window) return false;
    this.#delivered++;
    return true;
  }

  /** The receiver has disposed one. @returns as `release`. */
  disposed(): number {
    this.#delivered--;
    return this.release();
  }

  /** One is held no more. @returns the bytes of `goAhead` that it gives back. */
  release(): number {
    this.#held--;
    return this.#aheadBytes.pop() ?? 0;
  }

  #hasRoom(index: number, goAhead: GoAhead): boolean {
    if (this.#held < this.window) return true;
    if (this.#isInstant || this.#loading >= this.window) return false;
    const bytes = goAhead(index);
    if (bytes > 0) this.#aheadBytes.push(bytes);
    return bytes > 0;
  }
}
