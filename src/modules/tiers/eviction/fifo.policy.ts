import {
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { EntryQueues } from './structures/entry-queues.js';
import { firstEvictable, type VictimSearch } from './structures/first-evictable.js';

const ALL = 0;

/** Gives up what is there for the longest time, read or not. */
export class FifoPolicy implements EvictionPolicy {
  readonly name = 'fifo';
  readonly #queue = new EntryQueues(1);
  readonly #search: VictimSearch = {
    candidate: () => this.#queue.oldest(ALL),
    setAside: (entry) => this.#queue.remove(entry),
    bringBack: (entry) => this.#queue.add(ALL, entry),
  };

  get allocatedBytes(): number {
    return this.#queue.allocatedBytes;
  }

  onInsert(entry: number): void {
    this.#queue.add(ALL, entry);
  }

  onAccess(): void {
    // What is read leaves as it came.
  }

  onRemove(entry: number): void {
    this.#queue.remove(entry);
  }

  victim(evictable: (entry: number) => boolean): number {
    return firstEvictable(this.#search, evictable);
  }
}

export const fifoPolicy: EvictionPolicyFactory = { name: 'fifo', create: () => new FifoPolicy() };
