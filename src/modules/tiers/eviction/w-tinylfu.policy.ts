import {
  type ChunkTraits,
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';
import { EntryQueues } from './structures/entry-queues.js';
import { firstEvictable, type VictimSearch } from './structures/first-evictable.js';
import { FrequencySketch } from './structures/frequency-sketch.js';

const WINDOW = 0;
const PROBATION = 1;
const PROTECTED = 2;
const WINDOW_SHARE = 0.01;
const PROTECTED_SHARE = 0.8;

/**
 * W-TinyLFU (TOS '17): what is new passes through a small window; behind it the less often asked for of two goes, of what leaves the
 * window and what was not read for the longest time of the rest. What is read there is protected.
 */
export class WTinyLfuPolicy implements EvictionPolicy {
  readonly name = 'w-tinylfu';
  readonly #queues = new EntryQueues(3);
  readonly #words = new PagedColumn(Uint32Array);
  readonly #sketch = new FrequencySketch();
  /** What left the window last, while it has to prove itself; -1 = nothing. */
  #contender = -1;
  readonly #search: VictimSearch = {
    candidate: () => this.#next(),
    setAside: (entry) => this.onRemove(entry),
    bringBack: (entry) => this.#protect(entry),
  };

  get allocatedBytes(): number {
    return this.#queues.allocatedBytes + this.#words.allocatedBytes + this.#sketch.allocatedBytes;
  }

  onInsert(entry: number, { digest }: ChunkTraits): void {
    this.#words.set(entry, digest[0]);
    this.#queues.add(WINDOW, entry);
    this.#sketch.fit(this.#size);
    this.#sketch.count(digest[0]);
    if (this.#queues.size(WINDOW) <= Math.max(1, WINDOW_SHARE * this.#size)) return;
    this.#contender = this.#queues.oldest(WINDOW);
    this.#queues.move(PROBATION, this.#contender);
  }

  onAccess(entry: number): void {
    const queue = this.#queues.queueOf(entry);
    if (queue === -1) return;
    this.#sketch.count(this.#words.get(entry));
    if (queue === WINDOW) this.#queues.move(WINDOW, entry);
    else this.#protect(entry);
  }

  onRemove(entry: number): void {
    if (entry === this.#contender) this.#contender = -1;
    this.#queues.remove(entry);
  }

  victim(evictable: (entry: number) => boolean): number {
    return firstEvictable(this.#search, evictable);
  }

  get #size(): number {
    return this.#queues.size(WINDOW) + this.#queues.size(PROBATION) + this.#queues.size(PROTECTED);
  }

  #protect(entry: number): void {
    if (entry === this.#contender) this.#contender = -1;
    this.#queues.move(PROTECTED, entry);
    const behindWindow = this.#queues.size(PROBATION) + this.#queues.size(PROTECTED);
    if (this.#queues.size(PROTECTED) > Math.max(1, PROTECTED_SHARE * behindWindow)) {
      this.#queues.move(PROBATION, this.#queues.oldest(PROTECTED));
    }
  }

  #next(): number {
    const contender = this.#contender;
    let oldest = this.#queues.oldest(PROBATION);
    if (oldest === -1) oldest = this.#queues.oldest(PROTECTED);
    if (oldest === -1) oldest = this.#queues.oldest(WINDOW);
    if (contender === -1 || contender === oldest) return oldest;
    if (this.#frequency(contender) <= this.#frequency(oldest)) return contender;
    this.#contender = -1;
    return oldest;
  }

  #frequency(entry: number): number {
    return this.#sketch.estimate(this.#words.get(entry));
  }
}

export const wTinyLfuPolicy: EvictionPolicyFactory = {
  name: 'w-tinylfu',
  create: () => new WTinyLfuPolicy(),
};
