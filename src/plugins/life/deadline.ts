/** Calls `onMissed` once, unless it is put off or cleared in time. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  /** @param afterMs 0: never. */
  constructor(
    private readonly afterMs: number,
    private readonly onMissed: () => void,
  ) {}

  start(): void {
    if (this.afterMs > 0) this.#timer ??= setTimeout(this.#due, this.afterMs);
  }

  /** From now on again. */
  putOff(): void {
    clearImmediate(this.#turn);
    this.#timer?.refresh();
  }

  clear(): void {
    clearImmediate(this.#turn);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A server that was held up first hears what was said meanwhile: it is read later in this turn of the event loop. */
  readonly #due = (): void => {
    this.#turn = setImmediate(this.onMissed);
  };
}
