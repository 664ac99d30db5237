import { type PageRun } from '../../arena/page-allocator.js';
import { PAGE_BYTES } from './disk-layout.js';

/** One I/O of a transfer: adjacent in the file, one or more buffers in memory. */
export interface TransferPiece {
  readonly position: number;
  /** Bytes of the transfer in front of it. */
  readonly offset: number;
  readonly buffers: readonly Buffer[];
  readonly bytes: number;
}

/** Large chunks are several I/Os side by side: faster alone, and nobody waits long behind one. */
const MAX_PIECE_BYTES = 4 * 2 ** 20;
const ZEROS = Buffer.alloc(PAGE_BYTES);

export function roundToPages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/**
 * The memory of a chunk in whole pages, for direct I/O, or undefined when it does not lie in whole pages. A chunk that
 * starts on a page has its last page to itself, so the rest of that page may be written out and read over.
 */
export function wholePages(views: readonly Buffer[]): readonly Buffer[] | undefined {
  const pages: Buffer[] = [];
  for (const [i, view] of views.entries()) {
    const bytes = i === views.length - 1 ? roundToPages(view.length) : view.length;
    if (view.byteOffset % PAGE_BYTES !== 0 || bytes % PAGE_BYTES !== 0) return undefined;
    if (view.byteOffset + bytes > view.buffer.byteLength) return undefined;
    pages.push(Buffer.from(view.buffer, view.byteOffset, bytes));
  }
  return pages;
}

/** Fills the last page up with zeros: a page that is written whole need not be read first. */
export function paddedToPages(views: readonly Buffer[], bytes: number): readonly Buffer[] {
  const padding = roundToPages(bytes) - bytes;
  return padding === 0 ? views : [...views, ZEROS.subarray(0, padding)];
}

/** Lays memory, in order, over the runs of blocks of the file. */
export function planTransfer(
  memory: readonly Buffer[],
  runs: readonly PageRun[],
  blockBytes: number,
): readonly TransferPiece[] {
  const pieces: TransferPiece[] = [];
  let left = memory.reduce((sum, buffer) => sum + buffer.length, 0);
  let offset = 0;
  let index = 0;
  let within = 0;
  for (const { page, pages } of runs) {
    const end = (page + pages) * blockBytes;
    for (let position = page * blockBytes; position < end && left > 0;) {
      const bytes = Math.min(left, end - position, MAX_PIECE_BYTES);
      const buffers: Buffer[] = [];
      for (let missing = bytes; missing > 0;) {
        const buffer = memory[index] as Buffer;
        const part = buffer.subarray(within, within + missing);
        buffers.push(part);
        missing -= part.length;
        within += part.length;
        if (within === buffer.length) {
          index++;
          within = 0;
        }
      }
      pieces.push({ position, offset, buffers, bytes });
      position += bytes;
      offset += bytes;
      left -= bytes;
    }
  }
  return pieces;
}

/** What is left of buffers after their first `bytes`. */
export function skipBytes(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  const rest: Buffer[] = [];
  for (const buffer of buffers) {
    if (bytes < buffer.length) rest.push(buffer.subarray(bytes));
    bytes = Math.max(0, bytes - buffer.length);
  }
  return rest;
}
