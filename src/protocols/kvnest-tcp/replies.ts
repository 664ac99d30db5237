import { type ChunkLoss } from '../chunk-form/chunk-form.js';
import { frameError } from './frame.js';
import { lossByte, readLossByte } from './loss-byte.js';

/** What became of a chunk that was put, by its number on the wire. All but the first: not stored. */
export const PUT_OUTCOMES = [
  'stored',
  'too-large',
  'busy',
  'draining',
  'rejected',
  'failed',
  'exists',
  'checksum',
] as const;

export type PutOutcome = (typeof PUT_OUTCOMES)[number];

/** One chunk of the answer to a put: `u8 outcome | 3 × 0 | u32 tiers | u32 checksum`. */
export interface PutAnswer {
  readonly outcome: PutOutcome;
  /** Bit i: tier i of the server's hello has it by now. */
  readonly tiers: number;
  /** CRC-32C of the bytes that came; 0 where they were not kept. */
  readonly checksum: number;
}

const PUT_ANSWER_BYTES = 12;

export function encodePutAnswers(answers: readonly PutAnswer[]): Buffer {
  const header = Buffer.alloc(PUT_ANSWER_BYTES * answers.length);
  answers.forEach(({ outcome, tiers, checksum }, index) => {
    const at = PUT_ANSWER_BYTES * index;
    header[at] = PUT_OUTCOMES.indexOf(outcome);
    header.writeUInt32LE(tiers, at + 4);
    header.writeUInt32LE(checksum, at + 8);
  });
  return header;
}

/** @throws KV_TCP_FRAME */
export function readPutAnswers(header: Buffer): readonly PutAnswer[] {
  if (header.length % PUT_ANSWER_BYTES !== 0) throw frameError('the answer to a put that is cut off');
  return Array.from({ length: header.length / PUT_ANSWER_BYTES }, (_, index) => {
    const at = PUT_ANSWER_BYTES * index;
    const outcome = PUT_OUTCOMES[header[at] as number];
    if (outcome === undefined) throw frameError(`the outcome ${header[at]} of a put`);
    return { outcome, tiers: header.readUInt32LE(at + 4), checksum: header.readUInt32LE(at + 8) };
  });
}

/** What is told of a chunk to who asks for it. */
export interface WireAttributes {
  /** Milliseconds since 1970, 0 = never. */
  readonly expiresAtMs: number;
  /** How many chunks are in front of it in its prefix, -1 = unknown. */
  readonly depth: number;
}

/**
 * In front of the bytes of one chunk that was asked for by key: `u8 found | u8 loss | u16 metadata | u32 checksum | metadata`, with
 * `u64 time of expiry | u32 place` in front of the metadata where attributes were asked for.
 */
export interface GetAnswer {
  readonly found: boolean;
  readonly checksum: number;
  readonly metadata: Buffer;
  /** The lossy codec that the values have been through; absent: none. */
  readonly loss?: ChunkLoss;
  /** Where they were asked for. */
  readonly attributes?: WireAttributes | undefined;
}

const GET_ANSWER_BYTES = 8;
const ATTRIBUTES_BYTES = 12;
const HIGH_WORD = 2 ** 32;
/** 1 + a depth; 0 = unknown. */
const MAX_PLACE = 2 ** 31 - 1;

/** @returns how many bytes the header takes. */
export function getAnswerBytes(metadata: Uint8Array, attributes?: WireAttributes): number {
  return GET_ANSWER_BYTES + (attributes === undefined ? 0 : ATTRIBUTES_BYTES) + metadata.length;
}

/** Writes the header of a chunk that is there. */
export function writeGetAnswer(
  target: Buffer,
  offset: number,
  {
    checksum,
    metadata,
    attributes,
    loss,
  }: {
    checksum: number;
    metadata: Uint8Array;
    attributes?: WireAttributes | undefined;
    loss?: ChunkLoss;
  },
): void {
  target[offset] = 1;
  target[offset + 1] = lossByte(loss);
  target.writeUInt16LE(metadata.length, offset + 2);
  target.writeUInt32LE(checksum, offset + 4);
  let at = offset + GET_ANSWER_BYTES;
  if (attributes !== undefined) {
    const { expiresAtMs, depth } = attributes;
    target.writeUInt32LE(expiresAtMs % HIGH_WORD, at);
    target.writeUInt32LE(Math.floor(expiresAtMs / HIGH_WORD), at + 4);
    target.writeUInt32LE(depth + 1, at + 8);
    at += ATTRIBUTES_BYTES;
  }
  target.set(metadata, at);
}

/** The header of a chunk that is not there. */
export const MISS_ANSWER = Buffer.alloc(GET_ANSWER_BYTES);

/**
 * @param hasAttributes whether they were asked for: a chunk that is there has them.
 * @throws KV_TCP_FRAME
 */
export function readGetAnswer(header: Buffer, hasAttributes = false): GetAnswer {
  if (header.length < GET_ANSWER_BYTES) throw frameError('the answer to a get that is cut off');
  const found = header[0] as number;
  if (found > 1) throw frameError(`an answer to a get that is neither yes nor no, but ${found}`);
  const at = GET_ANSWER_BYTES + (hasAttributes && found === 1 ? ATTRIBUTES_BYTES : 0);
  if (header.length !== at + header.readUInt16LE(2)) throw frameError('the answer to a get that is cut off');
  return {
    found: found === 1,
    checksum: header.readUInt32LE(4),
    metadata: header.subarray(at),
    ...readLossByte(header[1] as number),
    ...(at > GET_ANSWER_BYTES && { attributes: readAttributes(header, GET_ANSWER_BYTES) }),
  };
}

function readAttributes(header: Buffer, at: number): WireAttributes {
  const expiresAtMs = header.readUInt32LE(at) + HIGH_WORD * header.readUInt32LE(at + 4);
  if (!Number.isSafeInteger(expiresAtMs)) throw frameError('a time of more than 53 bits');
  const place = header.readUInt32LE(at + 8);
  if (place > MAX_PLACE) throw frameError(`the place ${place} in a prefix`);
  return { expiresAtMs, depth: place - 1 };
}
