import { performance } from 'node:perf_hooks';

/** Something that is to end at a time. */
export interface Timed {
  /** By `nowMs`. */
  readonly deadlineMs: number;
  onDeadline(): void;
}

/** By a clock that never goes back. */
export function nowMs(): number {
  return performance.now();
}

/**
 * Watches over everything that has a deadline, with one timer: it is set for the earliest deadline when that was added,
 * and left alone while what it was set for ends in time. A call costs an entry of a set, and no timer.
 */
export class Deadlines {
  readonly #timed = new Set<Timed>();
  #timer: NodeJS.Timeout | undefined;
  #wakesAtMs = Infinity;

  constructor(private readonly now: () => number = nowMs) {}

  add(timed: Timed): void {
    this.#timed.add(timed);
    if (timed.deadlineMs < this.#wakesAtMs) this.#wakeAt(timed.deadlineMs);
  }

  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timed.clear();
  }

  #wakeAt(atMs: number): void {
    clearTimeout(this.#timer);
    this.#wakesAtMs = atMs;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.ceil(atMs - this.now()))).unref();
  }

  #wake(): void {
    this.#wakesAtMs = Infinity;
    const now = this.now();
    for (const timed of this.#timed) {
      if (timed.deadlineMs > now) continue;
      this.#timed.delete(timed);
      timed.onDeadline();
    }
    let earliestMs = Infinity;
    for (const { deadlineMs } of this.#timed) earliestMs = Math.min(earliestMs, deadlineMs);
    if (earliestMs < this.#wakesAtMs) this.#wakeAt(earliestMs);
  }
}
