import { type ChunkTraits } from '../../../../backends/eviction-policy.interface.js';
import { PagedColumn } from '../../../../common/paged-column.js';

/** Two words of the digest of each entry's key, by which it is known again when it comes back. */
export class DigestColumns {
  readonly #first = new PagedColumn(Uint32Array);
  readonly #second = new PagedColumn(Uint32Array);

  get allocatedBytes(): number {
    return this.#first.allocatedBytes + this.#second.allocatedBytes;
  }

  set(entry: number, { digest }: Pick<ChunkTraits, 'digest'>): void {
    this.#first.set(entry, digest[0]);
    this.#second.set(entry, digest[1]);
  }

  first(entry: number): number {
    return this.#first.get(entry);
  }

  second(entry: number): number {
    return this.#second.get(entry);
  }
}
