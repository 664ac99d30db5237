import {
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';
import { EntryQueues } from './structures/entry-queues.js';
import { firstEvictable, type VictimSearch } from './structures/first-evictable.js';

/** Reads are counted up to here: the number of queues, and so of steps of a search at most. */
const MOST_READS = 250;

/** Gives up what was read the fewest times, and of those what has had that count for the longest time. */
export class LfuPolicy implements EvictionPolicy {
  readonly name = 'lfu';
  /** One for each number of reads. */
  readonly #queues = new EntryQueues(MOST_READS + 1);
  readonly #reads = new PagedColumn(Uint8Array);
  #fewest = 0;
  readonly #search: VictimSearch = {
    candidate: () => this.#leastRead(),
    setAside: (entry) => this.#queues.remove(entry),
    bringBack: (entry) => this.#place(entry, this.#reads.get(entry) + 1),
  };

  get allocatedBytes(): number {
    return this.#queues.allocatedBytes + this.#reads.allocatedBytes;
  }

  onInsert(entry: number): void {
    this.#place(entry, 0);
  }

  onAccess(entry: number): void {
    if (this.#queues.queueOf(entry) === -1) return;
    this.#queues.remove(entry);
    this.#place(entry, this.#reads.get(entry) + 1);
  }

  onRemove(entry: number): void {
    this.#queues.remove(entry);
  }

  victim(evictable: (entry: number) => boolean): number {
    return firstEvictable(this.#search, evictable);
  }

  #place(entry: number, reads: number): void {
    const counted = Math.min(reads, MOST_READS);
    this.#reads.set(entry, counted);
    this.#queues.add(counted, entry);
    this.#fewest = Math.min(this.#fewest, counted);
  }

  #leastRead(): number {
    while (this.#fewest < MOST_READS && this.#queues.size(this.#fewest) === 0) this.#fewest++;
    return this.#queues.oldest(this.#fewest);
  }
}

export const lfuPolicy: EvictionPolicyFactory = { name: 'lfu', create: () => new LfuPolicy() };
