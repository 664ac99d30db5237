import {
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../common/paged-column.js';

const NONE = 0;

/**
 * Gives up what was not read for the longest time. A doubly linked list in two columns; links are entries plus one.
 */
export class LruPolicy implements EvictionPolicy {
  readonly name = 'lru';
  readonly #newer = new PagedColumn(Uint32Array);
  readonly #older = new PagedColumn(Uint32Array);
  #newest = NONE;
  #oldest = NONE;
  #size = 0;

  onInsert(entry: number): void {
    this.#linkNewest(entry + 1);
    this.#size++;
  }

  onAccess(entry: number): void {
    const link = entry + 1;
    if (link === this.#newest || !this.#isLinked(link)) return;
    this.#unlink(link);
    this.#linkNewest(link);
  }

  onRemove(entry: number): void {
    const link = entry + 1;
    if (!this.#isLinked(link)) return;
    this.#unlink(link);
    this.#size--;
  }

  /** A refused entry counts as read: else a run of pinned chunks would be walked at every eviction. */
  victim(evictable: (entry: number) => boolean): number {
    for (let left = this.#size; left > 0; left--) {
      const entry = this.#oldest - 1;
      if (evictable(entry)) return entry;
      this.onAccess(entry);
    }
    return -1;
  }

  #isLinked(link: number): boolean {
    return link === this.#newest || this.#newer.get(link - 1) !== NONE;
  }

  #linkNewest(link: number): void {
    this.#older.set(link - 1, this.#newest);
    if (this.#newest === NONE) this.#oldest = link;
    else this.#newer.set(this.#newest - 1, link);
    this.#newest = link;
  }

  #unlink(link: number): void {
    const newer = this.#newer.get(link - 1);
    const older = this.#older.get(link - 1);
    if (newer === NONE) this.#newest = older;
    else this.#older.set(newer - 1, older);
    if (older === NONE) this.#oldest = newer;
    else this.#newer.set(older - 1, newer);
    this.#newer.set(link - 1, NONE);
    this.#older.set(link - 1, NONE);
  }
}

export const lruPolicy: EvictionPolicyFactory = { name: 'lru', create: () => new LruPolicy() };
