export interface LoadLimits {
  /** At a time. */
  readonly loads: number;
  /** At a time, by the largest chunk so far; one load is always allowed. */
  readonly bytes: number;
}

interface Waiting {
  readonly priority: number;
  readonly start: () => void;
}

/** Bounds the loads of all prefetches from one tier; those of a smaller priority number go first. */
export class LoadGate {
  #running = 0;
  #largestBytes = 0;
  readonly #waiting: Waiting[] = [];

  constructor(private readonly limits: LoadLimits) {}

  /**
   * Runs `load` when its turn comes.
   *
   * @returns its answer, or undefined when the signal was aborted before.
   */
  async run<T>(
    priority: number,
    signal: AbortSignal,
    load: () => PromiseLike<T> | T,
  ): Promise<T | undefined> {
    if (!(await this.#enter(priority, signal))) return undefined;
    try {
      return await load();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  /** A chunk of this size was loaded. */
  note(lengthBytes: number): void {
    this.#largestBytes = Math.max(this.#largestBytes, lengthBytes);
  }

  get #isOpen(): boolean {
    const { loads, bytes } = this.limits;
    return (
      this.#running === 0 || (this.#running < loads && (this.#running + 1) * this.#largestBytes <= bytes)
    );
  }

  #enter(priority: number, signal: AbortSignal): Promise<boolean> | boolean {
    if (signal.aborted) return false;
    if (this.#isOpen && this.#waiting.length === 0) {
      this.#running++;
      return true;
    }
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        resolve(false);
      };
      const entry = {
        priority,
        start: () => {
          signal.removeEventListener('abort', leave);
          resolve(true);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      const place = this.#waiting.findIndex((other) => other.priority > priority);
      this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, entry);
    });
  }

  #next(): void {
    while (this.#isOpen) {
      const entry = this.#waiting.shift();
      if (entry === undefined) return;
      this.#running++;
      entry.start();
    }
  }
}
