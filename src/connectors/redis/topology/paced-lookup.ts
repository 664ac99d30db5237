import { setTimeout as delay } from 'node:timers/promises';

/** So many milliseconds lie at least between the beginnings of two lookups. */
const GAP_MS = 100;

/** Looks up when it is asked to. Many calls at once are one, and however many fail, the servers are not flooded. */
export class PacedLookup {
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #lastMs = -Infinity;

  constructor(private readonly look: (signal: AbortSignal) => Promise<void>) {}

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Whoever waits is rejected. */
  close(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const waitMs = this.#lastMs + GAP_MS - performance.now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    this.#lastMs = performance.now();
    await this.look(signal);
  }
}
