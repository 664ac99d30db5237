/** A bounded number of things at a time; who finds none free waits, in the order of arrival. */
export class Permits {
  #free: number;
  #waking = false;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** @returns whether the caller has one, which it gives back. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Calls `next` once, when there may be one for it. */
  whenFree(next: () => void): void {
    this.#waiting.add(next);
  }

  /** Whoever waits for one waits no more. */
  withdraw(next: () => void): void {
    this.#waiting.delete(next);
  }

  /** A loop, for who is woken may give its own back at once. */
  giveBack(): void {
    this.#free++;
    if (this.#waking) return;
    this.#waking = true;
    try {
      while (this.#free > 0) {
        const [next] = this.#waiting;
        if (next === undefined) break;
        this.#waiting.delete(next);
        next();
      }
    } finally {
      this.#waking = false;
    }
  }
}
