import { PageAllocator } from './page-allocator.js';
import { RECORD_BYTES } from './record-table.js';
import { SIZE_CLASS_COUNT } from './size-class.js';

export const PAGE_BYTES = 4096;
export const MIN_CAPACITY_BYTES = 1024 * 1024;

const BYTES_PER_RECORD = 8192;
const MIN_RECORDS = 1024;

/**
 * Where things lie in a region, in bytes from its start: header | records | tables of the allocators | data.
 * The header holds magic, version and these numbers, so that who maps the region needs nothing else.
 */
export interface ArenaLayout {
  readonly capacityBytes: number;
  readonly recordCount: number;
  readonly recordsOffset: number;
  readonly slabHeadsOffset: number;
  readonly pageTableOffset: number;
  readonly dataOffset: number;
  readonly dataPages: number;
}

export function roundToPages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Plans a region of this many bytes, tables included. */
export function planArena(capacityBytes: number): ArenaLayout {
  const pages = Math.floor(capacityBytes / PAGE_BYTES);
  const recordCount = Math.max(MIN_RECORDS, Math.floor(capacityBytes / BYTES_PER_RECORD));
  const recordsOffset = PAGE_BYTES;
  const slabHeadsOffset = recordsOffset + recordCount * RECORD_BYTES;
  const pageTableOffset = slabHeadsOffset + SIZE_CLASS_COUNT * Int32Array.BYTES_PER_ELEMENT;
  // The table for all pages is a little more than the table for the data pages: simpler than solving for the number.
  const tableBytes = PageAllocator.tableInts(pages) * Int32Array.BYTES_PER_ELEMENT;
  const dataOffset = roundToPages(pageTableOffset + tableBytes);
  return {
    capacityBytes: pages * PAGE_BYTES,
    recordCount,
    recordsOffset,
    slabHeadsOffset,
    pageTableOffset,
    dataOffset,
    dataPages: pages - dataOffset / PAGE_BYTES,
  };
}

const MAGIC = 0x6b766e61;
const VERSION = 1;

/** Writes the header: magic `anvk`, version, page and record size as Int32, then the layout as Float64 from byte 16. */
export function writeHeader(buffer: ArrayBuffer, layout: ArenaLayout): void {
  new Int32Array(buffer, 0, 4).set([MAGIC, VERSION, PAGE_BYTES, RECORD_BYTES]);
  new Float64Array(buffer, 16, 7).set([
    layout.capacityBytes,
    layout.recordCount,
    layout.recordsOffset,
    layout.slabHeadsOffset,
    layout.pageTableOffset,
    layout.dataOffset,
    layout.dataPages,
  ]);
}
