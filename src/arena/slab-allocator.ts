import { PAGE_BYTES } from './arena-layout.js';
import { type PageAllocator } from './page-allocator.js';
import { SIZE_CLASS_COUNT, sizeClassOf, slotBytesOf } from './size-class.js';

/** Words of the header at the start of a slab, in Int32. */
const enum Head {
  SizeClass = 0,
  Slots = 1,
  Used = 2,
  /** First page + 1 of the neighbours in the list of slabs of this class that have a free slot. */
  Previous = 3,
  Next = 4,
  /** From here on a bitmap of the free slots. */
  Bitmap = 5,
}

const HEADER_BYTES = 64;
const MAX_SLOTS = (HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT - Head.Bitmap) * 32;
const MAX_SLAB_PAGES = 32;
/** A slab may lose this part of its pages to header and tail. */
const TOLERATED_LOSS = 1 / 16;

/** Where a value lies that shares its pages with others. */
export interface SlabPlace {
  readonly slab: number;
  /** Bytes from the start of the region. */
  readonly offset: number;
}

/**
 * Cuts short runs of pages into slots of one size class each. A slab whose last slot is freed goes back to the pages.
 * Everything it knows lies in the slabs' own headers and in the list heads.
 */
export class SlabAllocator {
  readonly #ints: Int32Array;
  readonly #dataOffset: number;
  readonly #pages: PageAllocator;
  /** For each class, first page + 1 of the first slab that has a free slot. */
  readonly #heads: Int32Array;

  constructor(buffer: ArrayBuffer, dataOffset: number, pages: PageAllocator, heads: Int32Array) {
    this.#ints = new Int32Array(buffer);
    this.#dataOffset = dataOffset;
    this.#pages = pages;
    this.#heads = heads;
  }

  /** @returns a place, aligned to 64 bytes, or undefined when there is neither a free slot nor a run of pages. */
  allocate(bytes: number): SlabPlace | undefined {
    const sizeClass = sizeClassOf(bytes);
    const slab = (this.#heads[sizeClass] as number) - 1;
    if (slab >= 0) return this.#takeSlot(slab);
    const fresh = this.#addSlab(sizeClass);
    return fresh < 0 ? undefined : this.#takeSlot(fresh);
  }

  free(slab: number, offset: number): void {
    const head = this.#headOf(slab);
    const slotBytes = slotBytesOf(this.#word(head, Head.SizeClass));
    const slot = (offset - this.#offsetOf(slab) - HEADER_BYTES) / slotBytes;
    const at = head + Head.Bitmap + (slot >>> 5);
    this.#ints[at] = (this.#ints[at] as number) | (1 << (slot & 31));
    const used = this.#word(head, Head.Used) - 1;
    this.#ints[head + Head.Used] = used;
    if (used + 1 === this.#word(head, Head.Slots)) this.#link(slab);
    if (used === 0) {
      this.#unlink(slab);
      this.#pages.free(slab);
    }
  }

  #takeSlot(slab: number): SlabPlace {
    const head = this.#headOf(slab);
    let at = head + Head.Bitmap;
    while (this.#ints[at] === 0) at++;
    const word = this.#ints[at] as number;
    this.#ints[at] = word & (word - 1);
    const slot = ((at - head - Head.Bitmap) << 5) + 31 - Math.clz32(word & -word);
    const used = this.#word(head, Head.Used) + 1;
    this.#ints[head + Head.Used] = used;
    if (used === this.#word(head, Head.Slots)) this.#unlink(slab);
    const slotBytes = slotBytesOf(this.#word(head, Head.SizeClass));
    return { slab, offset: this.#offsetOf(slab) + HEADER_BYTES + slot * slotBytes };
  }

  /** A slab of the best size, else of the least, which any arena with a free page or a few has room for. */
  #addSlab(sizeClass: number): number {
    const slotBytes = slotBytesOf(sizeClass);
    for (const pages of [BEST_PAGES[sizeClass] as number, leastPages(slotBytes)]) {
      const slab = this.#pages.allocate(pages, { contiguous: true, fromEnd: true });
      if (slab >= 0) {
        this.#format(slab, sizeClass, slotsIn(pages, slotBytes));
        return slab;
      }
    }
    return -1;
  }

  #format(slab: number, sizeClass: number, slots: number): void {
    const head = this.#headOf(slab);
    this.#ints.fill(0, head, head + HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.#ints[head + Head.SizeClass] = sizeClass;
    this.#ints[head + Head.Slots] = slots;
    for (let left = slots, at = head + Head.Bitmap; left > 0; left -= 32, at++) {
      this.#ints[at] = left >= 32 ? -1 : (1 << left) - 1;
    }
    this.#link(slab);
  }

  #link(slab: number): void {
    const head = this.#headOf(slab);
    const sizeClass = this.#word(head, Head.SizeClass);
    const next = this.#heads[sizeClass] as number;
    this.#ints[head + Head.Previous] = 0;
    this.#ints[head + Head.Next] = next;
    if (next > 0) this.#ints[this.#headOf(next - 1) + Head.Previous] = slab + 1;
    this.#heads[sizeClass] = slab + 1;
  }

  #unlink(slab: number): void {
    const head = this.#headOf(slab);
    const next = this.#word(head, Head.Next);
    const previous = this.#word(head, Head.Previous);
    if (next > 0) this.#ints[this.#headOf(next - 1) + Head.Previous] = previous;
    if (previous > 0) this.#ints[this.#headOf(previous - 1) + Head.Next] = next;
    else this.#heads[this.#word(head, Head.SizeClass)] = next;
  }

  #offsetOf(slab: number): number {
    return this.#dataOffset + slab * PAGE_BYTES;
  }

  #headOf(slab: number): number {
    return this.#offsetOf(slab) / Int32Array.BYTES_PER_ELEMENT;
  }

  #word(head: number, field: Head): number {
    return this.#ints[head + field] as number;
  }
}

/** Bytes that a value of this length takes in a slab. */
export function slabFootprint(bytes: number): number {
  return slotBytesOf(sizeClassOf(bytes));
}

function slotsIn(pages: number, slotBytes: number): number {
  return Math.min(MAX_SLOTS, Math.floor((pages * PAGE_BYTES - HEADER_BYTES) / slotBytes));
}

/** The fewest pages that hold one slot. */
export function leastPages(slotBytes: number): number {
  return Math.ceil((slotBytes + HEADER_BYTES) / PAGE_BYTES);
}

/** The fewest pages that lose little. */
function bestPages(slotBytes: number): number {
  const loss = (pages: number): number => 1 - (slotsIn(pages, slotBytes) * slotBytes) / (pages * PAGE_BYTES);
  let best = leastPages(slotBytes);
  for (let pages = best; pages <= MAX_SLAB_PAGES; pages++) {
    if (loss(pages) <= TOLERATED_LOSS) return pages;
    if (loss(pages) < loss(best)) best = pages;
  }
  return best;
}

const BEST_PAGES = Uint8Array.from({ length: SIZE_CLASS_COUNT }, (_, sizeClass) =>
  bestPages(slotBytesOf(sizeClass)),
);
