import {
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';
import { EntryQueues } from './structures/entry-queues.js';
import { firstEvictable, type VictimSearch } from './structures/first-evictable.js';

const ALL = 0;

/**
 * SIEVE (NSDI '24): a hand goes from the oldest to the newest, forgives what was read since it last came by, and gives up the
 * first that was not. Nothing moves when it is read.
 */
export class SievePolicy implements EvictionPolicy {
  readonly name = 'sieve';
  readonly #queue = new EntryQueues(1);
  readonly #wasRead = new PagedColumn(Uint8Array);
  /** Where the hand is, -1 = in front of the oldest. */
  #hand = -1;
  readonly #search: VictimSearch = {
    candidate: () => this.#nextUnread(),
    setAside: (entry) => this.onRemove(entry),
    bringBack: (entry) => {
      this.onInsert(entry);
      this.#wasRead.set(entry, 1);
    },
  };

  get allocatedBytes(): number {
    return this.#queue.allocatedBytes + this.#wasRead.allocatedBytes;
  }

  onInsert(entry: number): void {
    this.#queue.add(ALL, entry);
    this.#wasRead.set(entry, 0);
  }

  onAccess(entry: number): void {
    if (this.#queue.queueOf(entry) === ALL) this.#wasRead.set(entry, 1);
  }

  onRemove(entry: number): void {
    if (this.#queue.queueOf(entry) === -1) return;
    if (entry === this.#hand) this.#hand = this.#queue.newerThan(entry);
    this.#queue.remove(entry);
  }

  victim(evictable: (entry: number) => boolean): number {
    return firstEvictable(this.#search, evictable);
  }

  #nextUnread(): number {
    let entry = this.#hand === -1 ? this.#queue.oldest(ALL) : this.#hand;
    while (entry !== -1 && this.#wasRead.get(entry) === 1) {
      this.#wasRead.set(entry, 0);
      entry = this.#queue.newerThan(entry);
      if (entry === -1) entry = this.#queue.oldest(ALL);
    }
    this.#hand = entry;
    return entry;
  }
}

export const sievePolicy: EvictionPolicyFactory = { name: 'sieve', create: () => new SievePolicy() };
