import { type Clock } from '../../common/clock.js';

/** A token bucket: so many bytes a second, a second's worth of them at once. */
export class ByteBudget {
  #left: number;
  #atMs: number;

  constructor(
    private readonly bytesPerSecond: number,
    private readonly clock: Clock,
  ) {
    this.#left = bytesPerSecond;
    this.#atMs = clock.nowMs();
  }

  /** @returns whether there was room. What is larger than a second's worth takes all of it. */
  take(bytes: number): boolean {
    this.#refill();
    const cost = Math.min(bytes, this.bytesPerSecond);
    if (cost > this.#left) return false;
    this.#left -= cost;
    return true;
  }

  #refill(): void {
    const nowMs = this.clock.nowMs();
    const earned = (Math.max(0, nowMs - this.#atMs) * this.bytesPerSecond) / 1000;
    this.#left = Math.min(this.bytesPerSecond, this.#left + earned);
    this.#atMs = nowMs;
  }
}
