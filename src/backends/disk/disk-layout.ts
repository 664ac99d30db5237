import { KvError } from '../../common/errors/kv-error.js';

export const LOCK_FILE = 'kvnest.lock';
export const DATA_FILE = 'chunks.dat';
export const JOURNAL_FILE = 'index.log';
/** The compacted journal on its way; it becomes the journal by a rename. */
export const JOURNAL_COPY_FILE = 'index.log.new';

/** Unit of direct I/O: positions, lengths and addresses are multiples of it. */
export const PAGE_BYTES = 4096;
const MIN_CAPACITY_BYTES = 2 ** 20;
const MIN_JOURNAL_BYTES = 128 * 1024;
/** Journal and copy together take this share of the capacity unless told otherwise. */
const JOURNAL_SHARE = 1 / 64;
/** The directory, the lock, and what the file system itself books for the tree of a fragmented file. */
const SLACK_BYTES = 64 * 1024;
const SLACK_SHARE = 1 / 512;
/** Bounds the allocator's tables (16 bytes a block): larger disks use larger blocks. */
const PREFERRED_BLOCKS = 2 ** 20;
const MAX_BLOCKS = 2 ** 22;
const LARGE_BLOCK_BYTES = 64 * 1024;

/** How the capacity of a tier is divided; the parts never add up to more than it. */
export interface DiskLayout {
  readonly blockBytes: number;
  readonly blocks: number;
  /** What journal and compaction copy may take together. */
  readonly journalBytes: number;
}

/**
 * @param blockBytes that of a store which is there already; it is kept unless the tables would grow too large.
 * @throws KV_DISK_CAPACITY when there is no room for anything.
 */
export function planLayout(capacityBytes: number, indexBytes?: number, blockBytes?: number): DiskLayout {
  const journalBytes = indexBytes ?? Math.max(MIN_JOURNAL_BYTES, Math.floor(capacityBytes * JOURNAL_SHARE));
  const dataBytes = capacityBytes - journalBytes - SLACK_BYTES - Math.floor(capacityBytes * SLACK_SHARE);
  if (capacityBytes < MIN_CAPACITY_BYTES || dataBytes < MIN_CAPACITY_BYTES / 2) {
    throw new KvError('KV_DISK_CAPACITY', `a disk tier of ${capacityBytes} bytes leaves no room for chunks`, {
      kind: 'config',
      remedy: `Give the tier at least ${MIN_CAPACITY_BYTES} bytes, or its index less.`,
    });
  }
  if (blockBytes !== undefined && dataBytes / blockBytes <= MAX_BLOCKS)
    return divide(dataBytes, blockBytes, journalBytes);
  let bytes = PAGE_BYTES;
  while (dataBytes / bytes > (bytes < LARGE_BLOCK_BYTES ? PREFERRED_BLOCKS : MAX_BLOCKS)) bytes *= 4;
  return divide(dataBytes, bytes, journalBytes);
}

function divide(dataBytes: number, blockBytes: number, journalBytes: number): DiskLayout {
  return { blockBytes, blocks: Math.floor(dataBytes / blockBytes), journalBytes };
}
