import { readv } from 'node:fs';
import { createFileReads } from '../../arena/native/file-reads.js';
import { loadNative } from '../../arena/native/load-native.js';
import { crc32c } from '../../common/crc32c.js';
import { movePiece } from './move-piece.js';
import { type TransferPiece } from './transfer-plan.js';

/** The file ended before the chunk did: somebody cut it. */
export class ShortReadError extends Error {}

/** Fills a piece's memory from the file. @returns the CRC-32C of its first `checkedBytes`. @throws ShortReadError */
export type ReadPiece = (fd: number, piece: TransferPiece, checkedBytes: number) => Promise<number>;

/** Reads that may be handed on beside those that the threads are at: only to threads that do nothing else. */
export function readsAhead(threads: number): number {
  return loadNative().addon === undefined ? 0 : threads;
}

/** On so many threads of its own, checksums included; without the addon on those of the process, and on the event loop. */
export function createReadPiece(threads: number): ReadPiece {
  const read = createFileReads(threads);
  if (read === undefined) return readPlainly;
  return async (fd, { position, buffers }, checkedBytes) => {
    const checksum = await read(fd, position, buffers, checkedBytes);
    if (checksum === undefined) throw tooShort();
    return checksum;
  };
}

/** On the threads of the process, and the event loop. */
export async function readPlainly(fd: number, piece: TransferPiece, checkedBytes: number): Promise<number> {
  await movePiece(fd, piece, readv, tooShort);
  let left = checkedBytes;
  let checksum = 0;
  for (const buffer of piece.buffers) {
    const checked = buffer.subarray(0, left);
    checksum = crc32c(checked, checksum);
    left -= checked.length;
  }
  return checksum;
}

function tooShort(): Error {
  return new ShortReadError('the file is too short');
}
