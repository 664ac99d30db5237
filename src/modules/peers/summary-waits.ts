import { Deadlines, nowMs, type Timed } from '../../common/deadlines.js';
import { type WaitingAsker } from './peer-owner.interface.js';

/** Longest time that a question waits. */
const MAX_WAIT_MS = 30_000;
/** Questions that wait, of all peers together: beyond them they are answered at once. */
const MAX_WAITING = 1024;
/** What is stored within so long is told together. */
const TOGETHER_MS = 5;
/** Least time for each answer: however many wait, about a thousand are answered in a second. */
const ANSWER_MS = 1;

/** A question that waits. */
interface Waiting extends Timed {
  /** Its answer is due, for whatever reason. */
  end(): void;
}

/** Questions for a summary that wait until there is something new, each for a bounded time. */
export class SummaryWaits {
  /** Questions that have waited, from the start on. */
  begun = 0;
  readonly #waiting = new Set<Waiting>();
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  #timer: NodeJS.Timeout | undefined;
  /** Nobody is told before. */
  #restsUntilMs = -Infinity;
  #isClosed = false;

  constructor(now: () => number = nowMs) {
    this.#now = now;
    this.#deadlines = new Deadlines(now);
  }

  /** Questions that wait now. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Resolves when something is new, time is over, or nobody waits any more; at once where no question may wait. */
  wait(waitMs: number, asker: WaitingAsker): Promise<void> {
    if (this.#isClosed || this.#waiting.size >= MAX_WAITING) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(waiting);
        this.#deadlines.delete(waiting);
        resolve();
      };
      const waiting = { deadlineMs: this.#now() + Math.min(waitMs, MAX_WAIT_MS), onDeadline: end, end };
      this.begun++;
      this.#waiting.add(waiting);
      this.#deadlines.add(waiting);
      asker.onAbort(end);
    });
  }

  /** Something is new: who waits is told in a moment. */
  wake(): void {
    if (this.#waiting.size === 0 || this.#timer !== undefined) return;
    const leftMs = Math.ceil(this.#restsUntilMs - this.#now());
    this.#timer = setTimeout(() => this.#tell(), Math.max(1, leftMs)).unref();
  }

  /** All are answered, and none waits any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#endAll();
    this.#deadlines.close();
  }

  #tell(): void {
    this.#timer = undefined;
    this.#restsUntilMs = this.#now() + Math.max(TOGETHER_MS, ANSWER_MS * this.#waiting.size);
    this.#endAll();
  }

  #endAll(): void {
    for (const waiting of [...this.#waiting]) waiting.end();
  }
}
