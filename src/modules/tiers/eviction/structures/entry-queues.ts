import { PagedColumn } from '../../../../common/paged-column.js';

const NONE = 0;

/**
 * Queues of entries in the order in which they were added. An entry is in one of them at most. Doubly linked lists in
 * columns of 9 bytes per entry; links are entries plus one.
 */
export class EntryQueues {
  readonly #newer = new PagedColumn(Uint32Array);
  readonly #older = new PagedColumn(Uint32Array);
  /** Queue plus one, 0 = in none. */
  readonly #queue = new PagedColumn(Uint8Array);
  readonly #newest: number[];
  readonly #oldest: number[];
  readonly #sizes: number[];

  /** @param count queues, at most 255. */
  constructor(count: number) {
    this.#newest = Array<number>(count).fill(NONE);
    this.#oldest = Array<number>(count).fill(NONE);
    this.#sizes = Array<number>(count).fill(0);
  }

  get allocatedBytes(): number {
    return this.#newer.allocatedBytes + this.#older.allocatedBytes + this.#queue.allocatedBytes;
  }

  /** The queue that an entry is in, -1 = none. */
  queueOf(entry: number): number {
    return this.#queue.get(entry) - 1;
  }

  size(queue: number): number {
    return this.#sizes[queue] as number;
  }

  /** -1 when the queue is empty. */
  oldest(queue: number): number {
    return (this.#oldest[queue] as number) - 1;
  }

  /** -1 when the queue is empty. */
  newest(queue: number): number {
    return (this.#newest[queue] as number) - 1;
  }

  /** The entry that came right after this one into its queue, -1 = none. */
  newerThan(entry: number): number {
    return this.#newer.get(entry) - 1;
  }

  /** Adds an entry that is in no queue, as the newest. */
  add(queue: number, entry: number): void {
    const link = entry + 1;
    const newest = this.#newest[queue] as number;
    this.#older.set(entry, newest);
    this.#newer.set(entry, NONE);
    if (newest === NONE) this.#oldest[queue] = link;
    else this.#newer.set(newest - 1, link);
    this.#newest[queue] = link;
    this.#join(queue, entry);
  }

  /** Adds an entry that is in no queue, as the oldest. */
  addOldest(queue: number, entry: number): void {
    const link = entry + 1;
    const oldest = this.#oldest[queue] as number;
    this.#newer.set(entry, oldest);
    this.#older.set(entry, NONE);
    if (oldest === NONE) this.#newest[queue] = link;
    else this.#older.set(oldest - 1, link);
    this.#oldest[queue] = link;
    this.#join(queue, entry);
  }

  /** Takes an entry out of its queue, if it is in one. */
  remove(entry: number): void {
    const queue = this.queueOf(entry);
    if (queue === -1) return;
    const newer = this.#newer.get(entry);
    const older = this.#older.get(entry);
    if (newer === NONE) this.#newest[queue] = older;
    else this.#older.set(newer - 1, older);
    if (older === NONE) this.#oldest[queue] = newer;
    else this.#newer.set(older - 1, newer);
    this.#queue.set(entry, NONE);
    this.#sizes[queue] = this.size(queue) - 1;
  }

  /** Makes an entry the newest of a queue, whichever it was in. */
  move(queue: number, entry: number): void {
    this.remove(entry);
    this.add(queue, entry);
  }

  #join(queue: number, entry: number): void {
    this.#queue.set(entry, queue + 1);
    this.#sizes[queue] = this.size(queue) + 1;
  }
}
