import {
  type ChunkTraits,
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';
import { DigestColumns } from './structures/digest-columns.js';
import { EntryQueues } from './structures/entry-queues.js';
import { firstEvictable, type VictimSearch } from './structures/first-evictable.js';
import { RecentGhosts } from './structures/recent-ghosts.js';

const SMALL = 0;
const MAIN = 1;
const SMALL_SHARE = 0.1;
const MOST_READS = 3;

/**
 * S3-FIFO (SOSP '23): what is new passes through a small queue, and stays if it was read twice there, or comes back soon after it
 * left. The others go through the main queue once more for each read, up to three.
 */
export class S3FifoPolicy implements EvictionPolicy {
  readonly name = 's3-fifo';
  readonly #queues = new EntryQueues(2);
  readonly #reads = new PagedColumn(Uint8Array);
  readonly #digests = new DigestColumns();
  readonly #ghosts = new RecentGhosts();
  /** What `victim` named last: only what is evicted from the small queue becomes a ghost. */
  #victim = -1;
  readonly #search: VictimSearch = {
    candidate: () => this.#next(),
    setAside: (entry) => this.#queues.remove(entry),
    bringBack: (entry) => this.#queues.add(MAIN, entry),
  };

  get allocatedBytes(): number {
    const parts = [this.#queues, this.#reads, this.#digests, this.#ghosts];
    return parts.reduce((sum, part) => sum + part.allocatedBytes, 0);
  }

  onInsert(entry: number, traits: ChunkTraits): void {
    this.#digests.set(entry, traits);
    this.#reads.set(entry, 0);
    const isBack = this.#ghosts.take(traits.digest[0], traits.digest[1], this.#size);
    this.#queues.add(isBack ? MAIN : SMALL, entry);
  }

  onAccess(entry: number): void {
    this.#reads.set(entry, Math.min(MOST_READS, this.#reads.get(entry) + 1));
  }

  onRemove(entry: number): void {
    if (entry === this.#victim && this.#queues.queueOf(entry) === SMALL) {
      this.#ghosts.put(this.#digests.first(entry), this.#digests.second(entry), this.#size);
    }
    this.#victim = -1;
    this.#queues.remove(entry);
  }

  victim(evictable: (entry: number) => boolean): number {
    this.#victim = firstEvictable(this.#search, evictable);
    return this.#victim;
  }

  get #size(): number {
    return this.#queues.size(SMALL) + this.#queues.size(MAIN);
  }

  #next(): number {
    for (;;) {
      const main = this.#queues.oldest(MAIN);
      if (main === -1 || this.#queues.size(SMALL) > SMALL_SHARE * this.#size) {
        const small = this.#queues.oldest(SMALL);
        if (small === -1 || this.#reads.get(small) < 2) return small;
        this.#queues.move(MAIN, small);
        this.#reads.set(small, 0);
      } else {
        const reads = this.#reads.get(main);
        if (reads === 0) return main;
        this.#queues.move(MAIN, main);
        this.#reads.set(main, reads - 1);
      }
    }
  }
}

export const s3FifoPolicy: EvictionPolicyFactory = { name: 's3-fifo', create: () => new S3FifoPolicy() };
