import { DeadlineHeap, type Timed } from './deadline-heap.js';

export interface Hold extends Timed {
  readonly entry: number;
  readonly bytes: number;
  count: number;
  /** When it ends. Its due time in the heap may be earlier: then it is looked at, and put back. */
  endMs: number;
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

  /**
   * Holds an entry, or makes its hold last longer; a hold never gets shorter.
   * @returns undefined when a new hold would bring the held bytes above `limitBytes`.
   */
  extend(
    entry: number,
    bytes: number,
    nowMs: number,
    endMs: number,
    limitBytes = Infinity,
  ): Hold | undefined {
    this.#dropEnded(nowMs);
    let hold = this.#holds.get(entry);
    if (hold !== undefined) {
      if (endMs > hold.endMs) hold.endMs = endMs;
      return hold;
    }
    if (this.#bytes + bytes > limitBytes) return undefined;
    hold = { entry, bytes, count: 0, endMs, dueMs: endMs, heapIndex: 0 };
    this.#holds.set(entry, hold);
    this.#heap.add(hold);
    this.#bytes += bytes;
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
  move(from: number, to: number, bytes: number, nowMs: number): void {
    const hold = this.get(from, nowMs);
    if (hold === undefined) return;
    this.end(from);
    const moved = this.extend(to, bytes, nowMs, hold.endMs);
    if (moved !== undefined) moved.count = hold.count;
  }

  #dropEnded(nowMs: number): void {
    for (let hold = this.#heap.first; hold !== undefined && hold.dueMs <= nowMs; hold = this.#heap.first) {
      if (hold.endMs <= nowMs) this.end(hold.entry);
      else this.#heap.postpone(hold, hold.endMs);
    }
  }
}
