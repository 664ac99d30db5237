import { KvError } from '../../common/errors/kv-error.js';
import { PagedColumn } from '../../common/paged-column.js';

const IN_USE = 0xffffffff;

/** Hands out small dense integers; what was given back comes again first. */
export class EntryPool {
  /** For a free entry, the next free one plus one. */
  readonly #next = new PagedColumn(Uint32Array);
  #firstFree = 0;
  #highest = 0;
  #size = 0;

  /** Entries in use. */
  get size(): number {
    return this.#size;
  }

  get allocatedBytes(): number {
    return this.#next.allocatedBytes;
  }

  allocate(): number {
    let entry = this.#firstFree - 1;
    if (entry === -1) entry = this.#highest++;
    else this.#firstFree = this.#next.get(entry);
    this.#next.set(entry, IN_USE);
    this.#size++;
    return entry;
  }

  isAllocated(entry: number): boolean {
    return this.#next.get(entry) === IN_USE;
  }

  /** @throws KV_ENTRY_DOUBLE_FREE when the entry is not in use. */
  free(entry: number): void {
    if (!this.isAllocated(entry))
      throw new KvError('KV_ENTRY_DOUBLE_FREE', `Entry ${entry} is not in use`, { kind: 'internal' });
    this.#next.set(entry, this.#firstFree);
    this.#firstFree = entry + 1;
    this.#size--;
  }
}
