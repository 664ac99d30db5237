/** What is looked at to tell whether the other side is alive. */
export interface Observed {
  /** Grows with what comes in. */
  readonly receivedBytes: number;
  /** Shrinks with what the other side takes. */
  readonly unsentBytes: number;
  /** Something is asked of it. */
  readonly isBusy: boolean;
  /** Nothing is read on purpose. */
  readonly isPaused: boolean;
}

/** In which way silence is to be met. */
export type SilenceVerdict = 'alive' | 'ask' | 'dead';

export interface SilenceLimits {
  /** Of an idle connection: asked after so long, dead after three times as long. */
  readonly heartbeatMs: number;
  /** Of a busy one: dead after so long, and asked after half of it. */
  readonly unresponsiveMs: number;
}

/**
 * Measures how long the other side has said and taken nothing. Time counts by checks, and no more than `maxStepMs` from one
 * to the next: where this process itself stood still, that is no silence of the other.
 */
export class Silence {
  #receivedBytes = -1;
  #unsentBytes = 0;
  #wasBusy = false;
  #wasAsked = false;
  #silentMs = 0;

  check(
    observed: Observed,
    elapsedMs: number,
    { heartbeatMs, unresponsiveMs }: SilenceLimits,
  ): SilenceVerdict {
    const { receivedBytes, unsentBytes, isBusy, isPaused } = observed;
    const hasMoved = receivedBytes !== this.#receivedBytes || unsentBytes !== this.#unsentBytes;
    if (hasMoved || isBusy !== this.#wasBusy) {
      this.#silentMs = 0;
      this.#wasAsked = false;
    } else this.#silentMs += elapsedMs;
    this.#receivedBytes = receivedBytes;
    this.#unsentBytes = unsentBytes;
    this.#wasBusy = isBusy;
    return isPaused ? this.#verdictOnOurselves(heartbeatMs) : this.#verdict(heartbeatMs, unresponsiveMs);
  }

  #verdict(heartbeatMs: number, unresponsiveMs: number): SilenceVerdict {
    const deadMs = this.#wasBusy ? Math.min(unresponsiveMs, 3 * heartbeatMs) : 3 * heartbeatMs;
    const askMs = this.#wasBusy ? Math.min(unresponsiveMs / 2, heartbeatMs) : heartbeatMs;
    if (this.#silentMs >= deadMs && this.#wasAsked) return 'dead';
    if (this.#silentMs < askMs || this.#wasAsked) return 'alive';
    this.#wasAsked = true;
    return 'ask';
  }

  /** Who reads nothing must say something, so as not to be taken for dead. */
  #verdictOnOurselves(heartbeatMs: number): SilenceVerdict {
    if (this.#silentMs < heartbeatMs) return 'alive';
    this.#silentMs = 0;
    return 'ask';
  }
}
