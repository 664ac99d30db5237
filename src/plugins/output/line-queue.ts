const LINES_A_TURN = 16;

/** Hands lines on, some at each turn of the event loop: a plugin that prints a lot at once must not hold up the doors. */
export class LineQueue<Line> {
  #waiting: Line[] = [];
  #next = 0;
  #turn: NodeJS.Immediate | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(
    private readonly capacity: number,
    private readonly handOn: (line: Line) => void,
  ) {}

  get isFull(): boolean {
    return this.#waiting.length - this.#next >= this.capacity;
  }

  push(line: Line): void {
    this.#waiting.push(line);
    this.#turn ??= setImmediate(this.#run);
  }

  /** Resolves when everything that waits now was handed on. */
  drained(): Promise<void> {
    if (this.#turn === undefined) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  readonly #run = (): void => {
    const end = Math.min(this.#next + LINES_A_TURN, this.#waiting.length);
    for (; this.#next < end; this.#next++) this.handOn(this.#waiting[this.#next] as Line);
    if (this.#next < this.#waiting.length) {
      this.#turn = setImmediate(this.#run);
      return;
    }
    this.#waiting = [];
    this.#next = 0;
    this.#turn = undefined;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  };
}
