/** How far something had come when it was last looked at, and since when it stands still. */
class Progress {
  #mark = -1;
  #sinceMs = 0;

  /** @returns for how long `mark` has been the same; -1 stands for nothing to wait for. */
  standstillMs(mark: number, nowMs: number): number {
    if (mark !== this.#mark || mark === -1) {
      this.#mark = mark;
      this.#sinceMs = nowMs;
    }
    return nowMs - this.#sinceMs;
  }
}

/** What the watch sees of a connection. */
export interface Watched {
  readonly incoming: { readonly remainingBytes: number; readonly dropped: unknown } | undefined;
  readonly unsentBytes: number;
  abandonIncoming(): void;
  destroy(): void;
}

/** A reader gets so many times longer than a writer before it is given up: its end of the connection is lost for good. */
const READER_PATIENCE = 4;

/** Watches one connection for a client that stops in the midst of a value, or of a reply. */
export class StallWatch {
  readonly #body = new Progress();
  readonly #reply = new Progress();

  constructor(
    private readonly watched: Watched,
    private readonly timeoutMs: number,
  ) {}

  /** @returns whether the connection was closed. */
  check(nowMs: number): boolean {
    const { incoming, unsentBytes } = this.watched;
    const isHeld = incoming !== undefined && incoming.dropped === undefined;
    const bodyMs = this.#body.standstillMs(isHeld ? incoming.remainingBytes : -1, nowMs);
    if (bodyMs >= this.timeoutMs) this.watched.abandonIncoming();
    const replyMs = this.#reply.standstillMs(unsentBytes > 0 ? unsentBytes : -1, nowMs);
    if (replyMs < READER_PATIENCE * this.timeoutMs) return false;
    this.watched.destroy();
    return true;
  }
}
