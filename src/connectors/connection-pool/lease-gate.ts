/** Lets so many in at a time, the others in the order in which they came. */
export class LeaseGate {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** Takes a place, if there is one. */
  tryEnter(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Settles when there is a place. @throws the signal's reason. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.tryEnter()) return;
    await new Promise<void>((resolve, reject) => {
      const settle = (done: () => void): void => {
        this.#waiting.delete(enter);
        signal.removeEventListener('abort', abort);
        done();
      };
      const enter = (): void => settle(resolve);
      const abort = (): void => settle(() => reject(signal.reason as Error));
      signal.addEventListener('abort', abort);
      this.#waiting.add(enter);
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }
}
