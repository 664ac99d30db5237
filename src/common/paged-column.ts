const PAGE_BITS = 15;
const PAGE_MASK = (1 << PAGE_BITS) - 1;

type Page = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/**
 * One number per entry, for entries that are small dense integers. Lives outside the JavaScript heap and grows by
 * pages of 32,768 entries, so that growth never copies and never pauses. What was never set reads as 0.
 */
export class PagedColumn {
  readonly #pageType: new (length: number) => Page;
  readonly #pages: (Page | undefined)[] = [];

  constructor(pageType: new (length: number) => Page) {
    this.#pageType = pageType;
  }

  get(entry: number): number {
    return this.#pages[entry >>> PAGE_BITS]?.[entry & PAGE_MASK] ?? 0;
  }

  set(entry: number, value: number): void {
    const page = (this.#pages[entry >>> PAGE_BITS] ??= this.#addPage(entry >>> PAGE_BITS));
    page[entry & PAGE_MASK] = value;
  }

  get allocatedBytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.byteLength ?? 0), 0);
  }

  #addPage(number: number): Page {
    while (this.#pages.length < number) this.#pages.push(undefined);
    return new this.#pageType(1 << PAGE_BITS);
  }
}
