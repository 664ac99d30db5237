/** Room comes when somebody has read: milliseconds later at the earliest. */
const FIRST_RETRY_MS = 10;
/** Each try may bring all bytes from another server, for nothing. */
const MAX_RETRY_MS = 100;

/** For how long one waits for room that others have. */
export class RoomPatience {
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** Since when there has been none. */
  #sinceMs: number | undefined;

  /** @param patienceMs 0: one does not wait. */
  constructor(private readonly patienceMs: number) {}

  /** Calls `tryAgain` a little later, and later each time. @returns false when patience has ended. */
  wait(tryAgain: () => void): boolean {
    const nowMs = performance.now();
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs >= this.patienceMs) return false;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#retryMs = Math.min(2 * this.#retryMs, MAX_RETRY_MS);
      tryAgain();
    }, this.#retryMs);
    return true;
  }

  /** There was room. */
  renew(): void {
    this.#sinceMs = undefined;
    this.#retryMs = FIRST_RETRY_MS;
  }

  /** Nothing is tried any more. */
  end(): void {
    clearTimeout(this.#retry);
  }
}
