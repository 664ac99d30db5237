import {
  type ChunkTraits,
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { BurstLists } from './structures/burst-lists.js';
import { firstEvictable, type VictimSearch } from './structures/first-evictable.js';

const ALL = 0;

/**
 * LRU of prefixes: gives up the deepest chunk of the prefix that was not read for the longest time, whichever way its chunks were
 * read, for a chunk is worth nothing without those in front of it. LRU, where depths are not known.
 */
export class PrefixPolicy implements EvictionPolicy {
  readonly name = 'prefix';
  readonly #bursts = new BurstLists(1);
  #now = 0;
  readonly #search: VictimSearch = {
    candidate: () => {
      const oldest = this.#bursts.oldest(ALL);
      return oldest === -1 ? -1 : this.#bursts.deepest(oldest);
    },
    setAside: (entry) => this.#bursts.remove(entry),
    bringBack: (entry) => this.#bursts.add(entry, ALL, this.#now),
  };

  get allocatedBytes(): number {
    return this.#bursts.allocatedBytes;
  }

  onInsert(entry: number, { depth, parent }: ChunkTraits): void {
    this.#bursts.setDepth(entry, depth);
    this.#bursts.add(entry, ALL, ++this.#now, parent);
  }

  onAccess(entry: number): void {
    if (this.#bursts.burstOf(entry) === -1) return;
    this.#bursts.remove(entry);
    this.#bursts.add(entry, ALL, ++this.#now);
  }

  onRemove(entry: number): void {
    this.#bursts.remove(entry);
  }

  victim(evictable: (entry: number) => boolean): number {
    return firstEvictable(this.#search, evictable);
  }
}

export const prefixPolicy: EvictionPolicyFactory = { name: 'prefix', create: () => new PrefixPolicy() };
