import { performance } from 'node:perf_hooks';

/**
 * The time by which clients are watched. It goes on by at most `maxStepMs` from one look to the next: where this process itself
 * stood still, that is no silence of its clients, whose bytes wait to be read. That the clock of the machine is set does not
 * matter.
 */
export class WatchClock {
  #lookedAtMs: number;
  #nowMs = 0;

  constructor(
    private readonly maxStepMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#lookedAtMs = now();
  }

  /** @returns milliseconds since it was made. */
  look(): number {
    const atMs = this.now();
    this.#nowMs += Math.min(atMs - this.#lookedAtMs, this.maxStepMs);
    this.#lookedAtMs = atMs;
    return this.#nowMs;
  }
}
