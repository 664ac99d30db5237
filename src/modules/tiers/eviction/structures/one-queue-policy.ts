import { type EvictionPolicy } from '../../../../backends/eviction-policy.interface.js';
import { EntryQueues } from './entry-queues.js';
import { firstEvictable, type VictimSearch } from './first-evictable.js';

const ALL = 0;

export interface QueueRules {
  /** Which end goes first. */
  readonly victims: 'oldest' | 'newest';
  /** Whether what is read becomes the newest. */
  readonly readMoves: boolean;
}

/** Chunks in one queue, in the order in which they came or were read. */
export class OneQueuePolicy implements EvictionPolicy {
  readonly #queue = new EntryQueues(1);
  readonly #readMoves: boolean;
  readonly #search: VictimSearch;

  constructor(
    readonly name: string,
    { victims, readMoves }: QueueRules,
  ) {
    this.#readMoves = readMoves;
    this.#search = {
      candidate: () => (victims === 'oldest' ? this.#queue.oldest(ALL) : this.#queue.newest(ALL)),
      setAside: (entry) => this.#queue.remove(entry),
      // To the other end, or it would be asked for at every eviction.
      bringBack: (entry) =>
        victims === 'oldest' ? this.#queue.add(ALL, entry) : this.#queue.addOldest(ALL, entry),
    };
  }

  get allocatedBytes(): number {
    return this.#queue.allocatedBytes;
  }

  onInsert(entry: number): void {
    this.#queue.add(ALL, entry);
  }

  onAccess(entry: number): void {
    if (this.#readMoves && this.#queue.queueOf(entry) === ALL) this.#queue.move(ALL, entry);
  }

  onRemove(entry: number): void {
    this.#queue.remove(entry);
  }

  victim(evictable: (entry: number) => boolean): number {
    return firstEvictable(this.#search, evictable);
  }
}
