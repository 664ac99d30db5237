import { frameError } from './frame.js';

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

/** In front of the bytes of one chunk that was asked for by key: `u8 found | u8 0 | u16 metadata | u32 checksum | metadata`. */
export interface GetAnswer {
  readonly found: boolean;
  readonly checksum: number;
  readonly metadata: Buffer;
}

const GET_ANSWER_BYTES = 8;

/** @returns how many bytes the header takes. */
export function getAnswerBytes(metadata: Uint8Array): number {
  return GET_ANSWER_BYTES + metadata.length;
}

/** Writes the header of a chunk that is there. */
export function writeGetAnswer(
  target: Buffer,
  offset: number,
  { checksum, metadata }: { checksum: number; metadata: Uint8Array },
): void {
  target[offset] = 1;
  target[offset + 1] = 0;
  target.writeUInt16LE(metadata.length, offset + 2);
  target.writeUInt32LE(checksum, offset + 4);
  target.set(metadata, offset + GET_ANSWER_BYTES);
}

/** The header of a chunk that is not there. */
export const MISS_ANSWER = Buffer.alloc(GET_ANSWER_BYTES);

/** @throws KV_TCP_FRAME */
export function readGetAnswer(header: Buffer): GetAnswer {
  if (header.length < GET_ANSWER_BYTES || header.length !== GET_ANSWER_BYTES + header.readUInt16LE(2))
    throw frameError('the answer to a get that is cut off');
  const found = header[0] as number;
  if (found > 1) throw frameError(`an answer to a get that is neither yes nor no, but ${found}`);
  return {
    found: found === 1,
    checksum: header.readUInt32LE(4),
    metadata: header.subarray(GET_ANSWER_BYTES),
  };
}
