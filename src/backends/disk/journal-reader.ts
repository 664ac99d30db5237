import { open } from 'node:fs/promises';
import {
  decodeHeader,
  HEADER_BYTES,
  scanFrames,
  type Checksum,
  type JournalHeader,
} from './journal-format.js';

export interface JournalContents {
  /** End of the last whole record: appends go on here. */
  readonly tail: number;
  /** Places where bytes in front of a whole record were none. */
  readonly gaps: number;
}

const READ_BYTES = 2 ** 20;

/** @returns undefined when there is no journal that this version can read. */
export async function readJournalHeader(path: string, crc32c: Checksum): Promise<JournalHeader | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const page = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(page, 0, HEADER_BYTES, 0);
    return decodeHeader(page.subarray(0, bytesRead), crc32c);
  } finally {
    await file.close();
  }
}

/** Reads a journal from start to end, a piece at a time, so that others run in between. */
export async function readJournal(
  path: string,
  { seed }: JournalHeader,
  crc32c: Checksum,
  visit: (body: Buffer) => void,
): Promise<JournalContents> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let tail = HEADER_BYTES;
    let gaps = 0;
    for (let position = HEADER_BYTES; ;) {
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
      const isLast = bytesRead < READ_BYTES;
      const scan = scanFrames(buffer.subarray(0, bytesRead), isLast, seed, crc32c, visit);
      if (scan.lastRecordEnd > 0) tail = position + scan.lastRecordEnd;
      gaps += scan.gaps;
      if (isLast) return { tail, gaps };
      position += scan.consumed;
    }
  } finally {
    await file.close();
  }
}
