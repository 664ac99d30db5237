/** A turn of the event loop that takes longer is one in which others wait already. */
const MAX_TURN_MS = 0.15;
/** How long nothing is taken on after such a turn. */
const REST_MS = 5;

/**
 * Short work for the event loop's own thread that a thread beside it could do, too: one piece in each turn, so that others have
 * theirs between two, and none for a while after a turn that took long, by the work itself or by others.
 */
export class LoopTurns {
  #isTaken = false;
  #restsUntilMs = -Infinity;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * @param work done now, or not: it returns whether it was.
   * @param after called in the next turn, where it was done.
   * @returns whether it was done.
   */
  take(work: () => boolean, after: () => void): boolean {
    const beganAtMs = this.now();
    if (this.#isTaken || beganAtMs < this.#restsUntilMs || !work()) return false;
    this.#isTaken = true;
    setImmediate(() => {
      const endedAtMs = this.now();
      this.#isTaken = false;
      if (endedAtMs - beganAtMs > MAX_TURN_MS) this.#restsUntilMs = endedAtMs + REST_MS;
      after();
    });
    return true;
  }
}
