import { randomInt } from 'node:crypto';
import { PAGE_BYTES } from './disk-layout.js';
import { MAX_BODY_BYTES } from './record-codec.js';

/** CRC-32C of `bytes`, chained by `previous`. */
export type Checksum = (bytes: Uint8Array, previous?: number) => number;

/** What the first page of a journal says. */
export interface JournalHeader {
  readonly blockBytes: number;
  /**
   * Every record's checksum starts from it. Random per store, so that nobody who chooses keys and metadata can plant
   * a record in them that a search for the next whole record would take for real.
   */
  readonly seed: number;
}

/** The header takes a whole page; records start behind it. */
export const HEADER_BYTES = PAGE_BYTES;
/** The header is there twice, in different sectors. */
const HEADER_AT = [0, PAGE_BYTES / 2] as const;
const HEADER_MAGIC = Buffer.from('KVNESTIX', 'latin1');
const HEADER_LENGTH = 24;
const VERSION = 1;

const FRAME_MAGIC = Buffer.from('KVR1', 'latin1');
/** Magic, length of the body, checksum of the body. */
export const FRAME_HEAD_BYTES = 12;

export function newSeed(): number {
  return randomInt(2 ** 32);
}

export function encodeHeader({ blockBytes, seed }: JournalHeader, crc32c: Checksum): Buffer {
  const page = Buffer.alloc(HEADER_BYTES);
  for (const at of HEADER_AT) {
    HEADER_MAGIC.copy(page, at);
    page.writeUInt32LE(VERSION, at + 8);
    page.writeUInt32LE(blockBytes, at + 12);
    page.writeUInt32LE(seed, at + 16);
    page.writeUInt32LE(crc32c(page.subarray(at, at + 20)), at + 20);
  }
  return page;
}

/** @returns undefined when neither copy of the header is whole and of this version. */
export function decodeHeader(page: Buffer, crc32c: Checksum): JournalHeader | undefined {
  for (const at of HEADER_AT) {
    const copy = page.subarray(at, at + HEADER_LENGTH);
    if (copy.length < HEADER_LENGTH || !copy.subarray(0, 8).equals(HEADER_MAGIC)) continue;
    if (copy.readUInt32LE(20) !== crc32c(copy.subarray(0, 20)) || copy.readUInt32LE(8) !== VERSION) continue;
    return { blockBytes: copy.readUInt32LE(12), seed: copy.readUInt32LE(16) };
  }
  return undefined;
}

/** A body as it stands in the journal. */
export function frame(body: Buffer, seed: number, crc32c: Checksum): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEAD_BYTES + body.length);
  writeFrame(framed, 0, body, seed, crc32c);
  return framed;
}

/** @returns the end of what was written to `target`. */
export function writeFrame(target: Buffer, at: number, body: Buffer, seed: number, crc32c: Checksum): number {
  FRAME_MAGIC.copy(target, at);
  target.writeUInt32LE(body.length, at + 4);
  target.writeUInt32LE(crc32c(body, seed), at + 8);
  return at + FRAME_HEAD_BYTES + body.copy(target, at + FRAME_HEAD_BYTES);
}

export interface ScanResult {
  /** Where the next piece of the file has to start: bytes before it need not be seen again. */
  readonly consumed: number;
  /** End of the last whole record in this piece, 0 when there was none. */
  readonly lastRecordEnd: number;
  /** Runs of bytes in front of a whole record that were none. */
  readonly gaps: number;
}

/**
 * Finds the whole records in a piece of a journal. What is none is skipped up to the next whole one.
 *
 * @param piece at least as long as the longest record, unless it is the last.
 * @param isLast no more bytes follow this piece.
 */
export function scanFrames(
  piece: Buffer,
  isLast: boolean,
  seed: number,
  crc32c: Checksum,
  visit: (body: Buffer) => void,
): ScanResult {
  let at = 0;
  let lastRecordEnd = 0;
  let gaps = 0;
  let inGap = false;
  for (;;) {
    const start = piece.indexOf(FRAME_MAGIC, at);
    if (start === -1) return { consumed: isLast ? piece.length : keepTail(piece, at), lastRecordEnd, gaps };
    const body = bodyAt(piece, start);
    if (body === 'cut' && !isLast) return { consumed: start, lastRecordEnd, gaps };
    inGap ||= start > at;
    if (typeof body === 'string' || crc32c(body, seed) !== piece.readUInt32LE(start + 8)) {
      inGap = true;
      at = start + 1;
      continue;
    }
    if (inGap) gaps++;
    inGap = false;
    visit(body);
    at = start + FRAME_HEAD_BYTES + body.length;
    lastRecordEnd = at;
  }
}

function bodyAt(piece: Buffer, start: number): Buffer | 'cut' | 'damaged' {
  if (piece.length < start + FRAME_HEAD_BYTES) return 'cut';
  const length = piece.readUInt32LE(start + 4);
  if (length === 0 || length > MAX_BODY_BYTES) return 'damaged';
  const at = start + FRAME_HEAD_BYTES;
  return piece.length < at + length ? 'cut' : piece.subarray(at, at + length);
}

/** The magic may be cut in two at the end of a piece. */
function keepTail(piece: Buffer, at: number): number {
  return Math.max(at, piece.length - FRAME_MAGIC.length + 1);
}
