import { DeadlineHeap, type Timed } from './deadline-heap.js';

export interface Hold extends Timed {
  entry: number;
  bytes: number;
  count: number;
}

/**
 * Holds of one kind, at most one per entry, that end on their own. Nothing runs in the background: what has ended is
 * dropped by whoever looks next. A JavaScript object per held entry, nothing for the others.
 */
export class TimedHolds {
  readonly #holds = new Map<number, Hold>();
  readonly #heap = new DeadlineHeap<Hold>();
  #bytes = 0;

  /** Bytes of all held entries at this time. */
  bytes(nowMs: number): number {
    this.#dropEnded(nowMs);
    return this.#bytes;
  }

  get(entry: number, nowMs: number): Hold | undefined {
    if (this.#holds.size === 0) return undefined;
    this.#dropEnded(nowMs);
    return this.#holds.get(entry);
  }

  /** Holds an entry, or makes its hold last longer; a hold never gets shorter. */
  extend(entry: number, bytes: number, deadlineMs: number): Hold {
    let hold = this.#holds.get(entry);
    if (hold === undefined) {
      hold = { entry, bytes, count: 0, deadlineMs, heapIndex: 0 };
      this.#holds.set(entry, hold);
      this.#heap.add(hold);
      this.#bytes += bytes;
    } else if (deadlineMs > hold.deadlineMs) {
      hold.deadlineMs = deadlineMs;
      this.#heap.update(hold);
    }
    return hold;
  }

  end(entry: number): void {
    const hold = this.#holds.get(entry);
    if (hold === undefined) return;
    this.#holds.delete(entry);
    this.#heap.remove(hold);
    this.#bytes -= hold.bytes;
  }

  /** The hold of one entry becomes that of another. */
  move(from: number, to: number, bytes: number): void {
    const hold = this.#holds.get(from);
    if (hold === undefined) return;
    this.end(from);
    this.extend(to, bytes, hold.deadlineMs).count = hold.count;
  }

  #dropEnded(nowMs: number): void {
    for (let hold = this.#heap.first; hold !== undefined && hold.deadlineMs <= nowMs; hold = this.#heap.first)
      this.end(hold.entry);
  }
}
