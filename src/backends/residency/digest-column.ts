const PAGE_BITS = 15;
const PAGE_MASK = (1 << PAGE_BITS) - 1;
const WORDS = 4;

/** Four unsigned 32-bit words; every `ChunkKey` is one. */
export interface Digest {
  readonly d0: number;
  readonly d1: number;
  readonly d2: number;
  readonly d3: number;
}

/** The digest of each entry, off the JavaScript heap, in pages that are added and never moved. */
export class DigestColumn {
  readonly #pages: (Uint32Array | undefined)[] = [];

  set(entry: number, digest: Digest): void {
    const number = entry >>> PAGE_BITS;
    while (this.#pages.length <= number) this.#pages.push(undefined);
    const page = (this.#pages[number] ??= new Uint32Array(WORDS << PAGE_BITS));
    const at = (entry & PAGE_MASK) * WORDS;
    page[at] = digest.d0;
    page[at + 1] = digest.d1;
    page[at + 2] = digest.d2;
    page[at + 3] = digest.d3;
  }

  equals(entry: number, digest: Digest): boolean {
    const page = this.#pages[entry >>> PAGE_BITS];
    if (page === undefined) return false;
    const at = (entry & PAGE_MASK) * WORDS;
    return (
      page[at] === digest.d0 &&
      page[at + 1] === digest.d1 &&
      page[at + 2] === digest.d2 &&
      page[at + 3] === digest.d3
    );
  }

  /** The first word, or 0 for an entry that never had a digest. */
  firstWord(entry: number): number {
    return this.#pages[entry >>> PAGE_BITS]?.[(entry & PAGE_MASK) * WORDS] ?? 0;
  }

  get allocatedBytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.byteLength ?? 0), 0);
  }
}
