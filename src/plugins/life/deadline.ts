/** Calls `onMissed` once, unless it is put off or cleared in time. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;

  /** @param afterMs 0: never. */
  constructor(
    private readonly afterMs: number,
    private readonly onMissed: () => void,
  ) {}

  start(): void {
    if (this.afterMs > 0) this.#timer ??= setTimeout(this.onMissed, this.afterMs);
  }

  /** From now on again. */
  putOff(): void {
    this.#timer?.refresh();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
