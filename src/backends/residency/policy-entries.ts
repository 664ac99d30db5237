import { PagedColumn } from '../../common/paged-column.js';

/**
 * Under which entry a policy knows each entry: the same, unless a chunk went on under another. Kept as differences, so that what
 * nobody exchanged takes no memory.
 */
export class PolicyEntries {
  readonly #known = new PagedColumn(Uint32Array);
  readonly #owner = new PagedColumn(Uint32Array);
  #isUsed = false;

  /** What the policy calls it; -1 is -1. */
  known(entry: number): number {
    return this.#isUsed && entry !== -1 ? (entry ^ this.#known.get(entry)) >>> 0 : entry;
  }

  /** Whom the policy means; -1 is -1. */
  owner(known: number): number {
    return this.#isUsed && known !== -1 ? (known ^ this.#owner.get(known)) >>> 0 : known;
  }

  /** What the policy knows of either is from now on the other's. */
  exchange(a: number, b: number): void {
    const knownA = this.known(a);
    const knownB = this.known(b);
    this.#isUsed = true;
    this.#set(a, knownB);
    this.#set(b, knownA);
  }

  #set(entry: number, known: number): void {
    this.#known.set(entry, entry ^ known);
    this.#owner.set(known, entry ^ known);
  }
}
