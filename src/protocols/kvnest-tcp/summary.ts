import { frameError } from './frame.js';
import { FILTER_BLOCK_BYTES } from './key-filter.js';
import { type KeyHash } from './key-hash.js';

/** Bytes of the name of a summary. */
const ID_BYTES = 8;
const VERSION_BYTES = ID_BYTES + 4;
const WAITING_QUESTION_BYTES = VERSION_BYTES + 4;
const ANSWER_BYTES = 4 + VERSION_BYTES;
const HASH_BYTES = 8;
const KINDS = ['none', 'whole', 'added'] as const;

/** What the asker has already: `8 bytes id | u32 version`. */
export interface SummaryVersion {
  /** Names the filter, in hex; another one after each start and each time that it was made anew. */
  readonly id: string;
  /** How many keys were added to it since it was made. */
  readonly version: number;
}

/** `8 bytes id | u32 version`, and behind it `u32 wait` where it is not 0. */
export interface SummaryQuestion extends SummaryVersion {
  /** The owner waits with its answer until something is new, or so long; 0 = it does not. */
  readonly waitMs: number;
}

/** Of who has nothing. */
export const NO_SUMMARY: SummaryVersion = { id: '00'.repeat(ID_BYTES), version: 0 };

/**
 * `u8 kind | 3 × u8 0 | 8 bytes id | u32 version`, and behind it nothing (0: there is none), the bytes of a filter (1), or `u32 first | u32
 * second` of each key that was added to it since the version that was asked for (2).
 */
export type SummaryAnswer =
  | { readonly kind: 'none' }
  | (SummaryVersion & { readonly kind: 'whole'; readonly filter: Buffer })
  | (SummaryVersion & { readonly kind: 'added'; readonly hashes: readonly KeyHash[] });

/** @param question `waitMs` only for an owner that says `announce` in its hello. */
export function encodeSummaryQuestion({ id, version, waitMs }: SummaryQuestion): Buffer {
  const header = Buffer.alloc(waitMs === 0 ? VERSION_BYTES : WAITING_QUESTION_BYTES);
  writeVersion(header, 0, { id, version });
  if (waitMs > 0) header.writeUInt32LE(waitMs, VERSION_BYTES);
  return header;
}

/** @throws KV_TCP_FRAME */
export function readSummaryQuestion(header: Buffer): SummaryQuestion {
  const waits = header.length === WAITING_QUESTION_BYTES;
  if (!waits && header.length !== VERSION_BYTES) throw frameError('a question for a summary that is cut off');
  return { ...readVersion(header, 0), waitMs: waits ? header.readUInt32LE(VERSION_BYTES) : 0 };
}

export function encodeSummaryAnswer(answer: SummaryAnswer): Buffer {
  const content = answer.kind === 'whole' ? answer.filter : encodeHashes(answer);
  const header = Buffer.alloc(ANSWER_BYTES + content.length);
  header[0] = KINDS.indexOf(answer.kind);
  if (answer.kind !== 'none') writeVersion(header, 4, answer);
  header.set(content, ANSWER_BYTES);
  return header;
}

/**
 * @returns the filter as a copy.
 * @throws KV_TCP_FRAME
 */
export function readSummaryAnswer(header: Buffer): SummaryAnswer {
  if (header.length < ANSWER_BYTES) throw frameError('a summary that is cut off');
  const kind = KINDS[header[0] as number];
  const content = header.subarray(ANSWER_BYTES);
  const about = readVersion(header, 4);
  switch (kind) {
    case 'none':
      if (content.length > 0) throw frameError('bytes behind a summary');
      return { kind };
    case 'whole':
      if (content.length === 0 || content.length % FILTER_BLOCK_BYTES !== 0)
        throw frameError(`a filter of ${content.length} bytes`);
      return { kind, ...about, filter: Buffer.from(content) };
    case 'added':
      return { kind, ...about, hashes: readHashes(content) };
    case undefined:
  }
  throw frameError(`a summary of kind ${header[0]}`);
}

function encodeHashes(answer: SummaryAnswer): Buffer {
  if (answer.kind !== 'added') return Buffer.alloc(0);
  const content = Buffer.alloc(HASH_BYTES * answer.hashes.length);
  answer.hashes.forEach(({ first, second }, index) => {
    content.writeUInt32LE(first, HASH_BYTES * index);
    content.writeUInt32LE(second, HASH_BYTES * index + 4);
  });
  return content;
}

function readHashes(content: Buffer): readonly KeyHash[] {
  if (content.length % HASH_BYTES !== 0) throw frameError('hashes that are cut off');
  return Array.from({ length: content.length / HASH_BYTES }, (_, index) => ({
    first: content.readUInt32LE(HASH_BYTES * index),
    second: content.readUInt32LE(HASH_BYTES * index + 4),
  }));
}

function writeVersion(header: Buffer, at: number, { id, version }: SummaryVersion): void {
  header.write(id, at, 'hex');
  header.writeUInt32LE(version, at + ID_BYTES);
}

function readVersion(header: Buffer, at: number): SummaryVersion {
  return {
    id: header.toString('hex', at, at + ID_BYTES),
    version: header.readUInt32LE(at + ID_BYTES),
  };
}
