/** Who is silent for so many times the interval is gone. */
const MISSED = 3;

/** What is known of a client that may be gone. */
export interface Listened {
  /** All that it has sent. */
  readonly receivedBytes: number;
  /** Nothing is read from it, so that its silence means nothing. */
  readonly isPaused: boolean;
}

/** Finds clients that say nothing. */
export class Heartbeat {
  #receivedBytes = -1;
  #sinceMs = 0;
  #asked = false;

  constructor(
    private readonly client: Listened,
    private readonly intervalMs: number,
  ) {}

  /** @returns what is to be done: ask whether it is there, or give it up. */
  check(nowMs: number): 'ask' | 'give-up' | undefined {
    const { receivedBytes, isPaused } = this.client;
    if (receivedBytes !== this.#receivedBytes || isPaused) {
      this.#receivedBytes = receivedBytes;
      this.#sinceMs = nowMs;
      this.#asked = false;
      return undefined;
    }
    const silentMs = nowMs - this.#sinceMs;
    if (silentMs >= MISSED * this.intervalMs) return 'give-up';
    if (this.#asked || silentMs < this.intervalMs) return undefined;
    this.#asked = true;
    return 'ask';
  }
}
