import { type ArenaLayout, PAGE_BYTES, roundToPages } from './arena-layout.js';
import { type AllocationRequest, type Extent } from './arena.interface.js';
import { PageAllocator } from './page-allocator.js';
import { Double, type RecordTable, Word } from './record-table.js';
import { MAX_SHARED_BYTES, SIZE_CLASS_COUNT } from './size-class.js';
import { leastPages, SlabAllocator, slabFootprint } from './slab-allocator.js';

/** Decides where the bytes, the key and the metadata of a chunk lie, and notes it in the chunk's record. */
export class ChunkPlacement {
  readonly pages: PageAllocator;
  readonly #layout: ArenaLayout;
  readonly #records: RecordTable;
  readonly #slabs: SlabAllocator;

  constructor(buffer: ArrayBuffer, layout: ArenaLayout, records: RecordTable) {
    const { dataPages, dataOffset, pageTableOffset, slabHeadsOffset } = layout;
    const table = new Int32Array(buffer, pageTableOffset, PageAllocator.tableInts(dataPages));
    const slabHeads = new Int32Array(buffer, slabHeadsOffset, SIZE_CLASS_COUNT);
    this.#layout = layout;
    this.#records = records;
    this.pages = new PageAllocator(dataPages, table);
    this.#slabs = new SlabAllocator(buffer, dataOffset, this.pages, slabHeads);
  }

  /** Pages that an empty arena needs for such a chunk. */
  static pagesFor(lengthBytes: number, keyAndMetadataBytes: number): number {
    return Math.ceil(lengthBytes / PAGE_BYTES) + leastPages(slabFootprint(keyAndMetadataBytes));
  }

  /** Finds room for everything, or for nothing. */
  place(slot: number, request: AllocationRequest, metadataCapacityBytes: number): boolean {
    if (!this.#placeData(slot, request)) return false;
    const { key } = request;
    const place = this.#slabs.allocate(key.bytes.length + metadataCapacityBytes);
    if (place === undefined) {
      this.#freeData(slot);
      return false;
    }
    const records = this.#records;
    records.setDigest(slot, key);
    records.setWord(slot, Word.KeySlab, place.slab);
    records.setDouble(slot, Double.KeyOffset, place.offset);
    records.setWord(slot, Word.KeyBytes, key.bytes.length);
    records.setWord(slot, Word.MetadataCapacity, metadataCapacityBytes);
    return true;
  }

  free(slot: number): void {
    const records = this.#records;
    this.#freeData(slot);
    this.#slabs.free(records.word(slot, Word.KeySlab), records.double(slot, Double.KeyOffset));
  }

  extents(slot: number): Extent[] {
    const records = this.#records;
    let left = records.double(slot, Double.Length);
    if (left === 0) return [];
    if (records.word(slot, Word.Shared)) {
      return [{ offset: records.double(slot, Double.DataOffset), length: left }];
    }
    return this.pages.extentsOf(records.word(slot, Word.DataPage) - 1).map(({ page, pages }) => {
      const length = Math.min(left, pages * PAGE_BYTES);
      left -= length;
      return { offset: this.#layout.dataOffset + page * PAGE_BYTES, length };
    });
  }

  footprintBytes(slot: number): number {
    const records = this.#records;
    const length = records.double(slot, Double.Length);
    const key = slabFootprint(records.word(slot, Word.KeyBytes) + records.word(slot, Word.MetadataCapacity));
    if (length === 0) return key;
    return key + (records.word(slot, Word.Shared) ? slabFootprint(length) : roundToPages(length));
  }

  #placeData(slot: number, { lengthBytes, contiguous, maxExtents }: AllocationRequest): boolean {
    const records = this.#records;
    records.setDouble(slot, Double.Length, lengthBytes);
    if (lengthBytes === 0) return true;
    const place = lengthBytes <= MAX_SHARED_BYTES ? this.#slabs.allocate(lengthBytes) : undefined;
    if (place !== undefined) {
      records.setWord(slot, Word.Shared, 1);
      records.setWord(slot, Word.DataPage, place.slab + 1);
      records.setDouble(slot, Double.DataOffset, place.offset);
      return true;
    }
    // Also for a small value when the free pages are too scattered for a slab.
    const page = this.pages.allocate(Math.ceil(lengthBytes / PAGE_BYTES), {
      contiguous: contiguous ?? false,
      maxRuns: maxExtents ?? Infinity,
    });
    if (page >= 0) records.setWord(slot, Word.DataPage, page + 1);
    return page >= 0;
  }

  #freeData(slot: number): void {
    const records = this.#records;
    const page = records.word(slot, Word.DataPage) - 1;
    if (page < 0) return;
    if (records.word(slot, Word.Shared)) this.#slabs.free(page, records.double(slot, Double.DataOffset));
    else this.pages.free(page);
  }
}
