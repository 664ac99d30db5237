/** Who is silent for so many times the interval is gone. */
const MISSED = 3;

/** What is known of a client that may be gone. */
export interface Listened {
  /** All that it has sent. */
  readonly receivedBytes: number;
  /** Nothing is read from it, so that its silence is not its own. */
  readonly isPaused: boolean;
}

/**
 * Finds clients that say nothing. One that is not read from is asked all the same: if it is gone, the question cannot be
 * delivered, and nothing else would show it.
 */
export class Heartbeat {
  #receivedBytes = -1;
  #sinceMs = 0;
  #askedMs = 0;

  constructor(
    private readonly client: Listened,
    private readonly intervalMs: number,
  ) {}

  /** @returns what is to be done: ask whether it is there, or give it up. */
  check(nowMs: number): 'ask' | 'give-up' | undefined {
    const { receivedBytes, isPaused } = this.client;
    const isHeard = receivedBytes !== this.#receivedBytes;
    if (isHeard) this.#askedMs = nowMs;
    if (isHeard || isPaused) {
      this.#receivedBytes = receivedBytes;
      this.#sinceMs = nowMs;
    }
    if (nowMs - this.#sinceMs >= MISSED * this.intervalMs) return 'give-up';
    if (nowMs - this.#askedMs < this.intervalMs) return undefined;
    this.#askedMs = nowMs;
    return 'ask';
  }
}
