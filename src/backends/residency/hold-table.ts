import { type Clock } from '../../common/clock.js';
import { TimedHolds } from './timed-holds.js';

export interface HoldTableOptions {
  readonly clock: Clock;
  /** No lease is given that would bring the leased bytes above this. */
  readonly leasableBytes: number;
}

/**
 * What keeps an entry from being evicted: a lease, which a lookup takes for a limited time and the read that follows
 * consumes, and pins, which count and also end.
 */
export class HoldTable {
  readonly #leases = new TimedHolds();
  readonly #pins = new TimedHolds();
  readonly #clock: Clock;
  readonly #leasableBytes: number;

  constructor(options: HoldTableOptions) {
    this.#clock = options.clock;
    this.#leasableBytes = options.leasableBytes;
  }

  get leasedBytes(): number {
    return this.#leases.bytes(this.#clock.nowMs());
  }

  get pinnedBytes(): number {
    return this.#pins.bytes(this.#clock.nowMs());
  }

  /** Leases an entry, or extends its lease. @returns false when too much is leased already. */
  lease(entry: number, bytes: number, durationMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    return this.#leases.extend(entry, bytes, nowMs, nowMs + durationMs, this.#leasableBytes) !== undefined;
  }

  /** The read that the lease was for has come. */
  consumeLease(entry: number): void {
    this.#leases.end(entry);
  }

  /** Adds a pin. The pins of an entry end together, when the last of their time-outs has passed. */
  pin(entry: number, bytes: number, timeoutMs: number): void {
    const nowMs = this.#clock.nowMs();
    const hold = this.#pins.extend(entry, bytes, nowMs, nowMs + timeoutMs);
    if (hold !== undefined) hold.count++;
  }

  /** Takes one pin away. @returns whether there was one. */
  unpin(entry: number): boolean {
    const pin = this.#pins.get(entry, this.#clock.nowMs());
    if (pin === undefined) return false;
    if (--pin.count === 0) this.#pins.end(entry);
    return true;
  }

  isHeld(entry: number): boolean {
    const nowMs = this.#clock.nowMs();
    return this.#leases.get(entry, nowMs) !== undefined || this.#pins.get(entry, nowMs) !== undefined;
  }

  /** The entry is gone. */
  drop(entry: number): void {
    this.#leases.end(entry);
    this.#pins.end(entry);
  }

  /** `to` takes the place of `from`: what was promised for the key stays promised. */
  move(from: number, to: number, bytes: number): void {
    const nowMs = this.#clock.nowMs();
    this.#leases.move(from, to, bytes, nowMs);
    this.#pins.move(from, to, bytes, nowMs);
  }
}
