import { frameError } from './frame.js';
import { type ChunkLoss } from '../chunk-form/chunk-form.js';
import { MAX_KEYS } from './key-list.js';
import { lossByte, readLossByte } from './loss-byte.js';
import { readUInt64, writeUInt64 } from './uint64.js';

/** Bytes of the name of a lease. */
export const LEASE_BYTES = 8;

/** The name of no lease. */
export const NO_LEASE = '00'.repeat(LEASE_BYTES);

/** A run of bytes of the server's memory for chunks. */
export interface LocatedExtent {
  /** Bytes from its start. */
  readonly offset: number;
  readonly length: number;
}

/** Where the bytes of a chunk lie in the memory of the server, for who can read there. */
export interface LocatedChunk {
  /** Number of the chunk's record there. */
  readonly slot: number;
  readonly generation: number;
  /** Four words that the record has, too. */
  readonly digest: readonly [number, number, number, number];
  readonly lengthBytes: number;
  readonly checksum: number;
  /** Milliseconds since 1970, 0 = never. */
  readonly expiresAtMs: number;
  /** -1 = unknown. */
  readonly depth: number;
  /** The lossy codec that the values have been through; absent: none. */
  readonly loss?: ChunkLoss;
  readonly metadata: Buffer;
  readonly extents: readonly LocatedExtent[];
}

/** `busy`: it is there, and cannot be held for the asker now. */
export type LocateOutcome = LocatedChunk | 'miss' | 'busy';

/**
 * The answer to a `LOCATE`: `8 bytes lease | u32 milliseconds | u32 count | count × entry`, an entry being `u8 outcome | u8 loss |
 * u16 metadata` and, where the outcome is 1, `u32 checksum | u64 length | u64 time of expiry | u32 place | u32 slot | u32 generation |
 * 4 × u32 digest | u32 extents | extents × (u64 offset | u64 length) | metadata`.
 */
export interface LocateAnswer {
  /** In hex; `NO_LEASE` where no chunk is held. */
  readonly lease: string;
  /** How long the chunks stay where they are, from when the server answered. */
  readonly leaseMs: number;
  readonly outcomes: readonly LocateOutcome[];
}

const ANSWER_BYTES = LEASE_BYTES + 8;
const ENTRY_BYTES = 4;
const CHUNK_BYTES = 52;
const EXTENT_BYTES = 16;
const OUTCOMES = ['miss', 'here', 'busy'] as const;
/** 1 + a depth; 0 = unknown. */
const MAX_PLACE = 2 ** 31 - 1;

/** @returns how many bytes of the answer a key takes. */
export function locatedBytes(outcome: LocateOutcome): number {
  if (typeof outcome === 'string') return ENTRY_BYTES;
  return ENTRY_BYTES + CHUNK_BYTES + EXTENT_BYTES * outcome.extents.length + outcome.metadata.length;
}

export function encodeLocateAnswer({ lease, leaseMs, outcomes }: LocateAnswer): Buffer {
  const header = Buffer.alloc(outcomes.reduce((sum, outcome) => sum + locatedBytes(outcome), ANSWER_BYTES));
  header.write(lease, 'hex');
  header.writeUInt32LE(leaseMs, LEASE_BYTES);
  header.writeUInt32LE(outcomes.length, LEASE_BYTES + 4);
  let at = ANSWER_BYTES;
  for (const outcome of outcomes) {
    if (typeof outcome === 'string') header[at] = OUTCOMES.indexOf(outcome);
    else writeChunk(header, at, outcome);
    at += locatedBytes(outcome);
  }
  return header;
}

/**
 * @returns metadata as views of `header`.
 * @throws KV_TCP_FRAME
 */
export function readLocateAnswer(header: Buffer): LocateAnswer {
  if (header.length < ANSWER_BYTES) throw cutOff();
  const count = header.readUInt32LE(LEASE_BYTES + 4);
  if (count > MAX_KEYS) throw frameError(`places of ${count} chunks, more than ${MAX_KEYS}`);
  const outcomes: LocateOutcome[] = [];
  let at = ANSWER_BYTES;
  for (let i = 0; i < count; i++) {
    const outcome = readOutcome(header, at);
    outcomes.push(outcome);
    at += locatedBytes(outcome);
  }
  if (at !== header.length) throw frameError('bytes behind the places of chunks');
  return {
    lease: header.toString('hex', 0, LEASE_BYTES),
    leaseMs: header.readUInt32LE(LEASE_BYTES),
    outcomes,
  };
}

function writeChunk(header: Buffer, from: number, chunk: LocatedChunk): void {
  const { metadata, checksum, lengthBytes, expiresAtMs, depth, slot, generation, digest, extents } = chunk;
  header[from] = OUTCOMES.indexOf('here');
  header[from + 1] = lossByte(chunk.loss);
  header.writeUInt16LE(metadata.length, from + 2);
  header.writeUInt32LE(checksum, from + 4);
  writeUInt64(header, lengthBytes, from + 8);
  writeUInt64(header, Math.floor(expiresAtMs), from + 16);
  header.writeUInt32LE(depth + 1, from + 24);
  header.writeUInt32LE(slot, from + 28);
  header.writeUInt32LE(generation, from + 32);
  digest.forEach((word, index) => header.writeUInt32LE(word, from + 36 + 4 * index));
  header.writeUInt32LE(extents.length, from + 52);
  let at = from + ENTRY_BYTES + CHUNK_BYTES;
  for (const { offset, length } of extents) {
    writeUInt64(header, offset, at);
    writeUInt64(header, length, at + 8);
    at += EXTENT_BYTES;
  }
  header.set(metadata, at);
}

function readOutcome(header: Buffer, at: number): LocateOutcome {
  if (at + ENTRY_BYTES > header.length) throw cutOff();
  const outcome = OUTCOMES[header[at] as number];
  if (outcome === undefined) throw frameError(`the outcome ${header[at]} of a chunk's place`);
  return outcome === 'here' ? readChunk(header, at) : outcome;
}

function readChunk(header: Buffer, from: number): LocatedChunk {
  const extentsAt = from + ENTRY_BYTES + CHUNK_BYTES;
  if (extentsAt > header.length) throw cutOff();
  const metadataAt = extentsAt + EXTENT_BYTES * header.readUInt32LE(from + 52);
  const end = metadataAt + header.readUInt16LE(from + 2);
  if (end > header.length) throw cutOff();
  const place = header.readUInt32LE(from + 24);
  if (place > MAX_PLACE) throw frameError(`the place ${place} in a prefix`);
  const word = (index: number): number => header.readUInt32LE(from + 36 + 4 * index);
  const extents: LocatedExtent[] = [];
  for (let at = extentsAt; at < metadataAt; at += EXTENT_BYTES) {
    extents.push({ offset: readUInt64(header, at), length: readUInt64(header, at + 8) });
  }
  const lengthBytes = readUInt64(header, from + 8);
  if (extents.reduce((sum, { length }) => sum + length, 0) !== lengthBytes)
    throw frameError('a chunk of another length than its parts');
  return {
    slot: header.readUInt32LE(from + 28),
    generation: header.readUInt32LE(from + 32),
    digest: [word(0), word(1), word(2), word(3)],
    lengthBytes,
    checksum: header.readUInt32LE(from + 4),
    expiresAtMs: readUInt64(header, from + 16),
    depth: place - 1,
    ...readLossByte(header[from + 1] as number),
    metadata: header.subarray(metadataAt, end),
    extents,
  };
}

/** The header of a `RELEASE`: the names of leases, back to back. */
export function encodeLeases(leases: readonly string[]): Buffer {
  return Buffer.from(leases.join(''), 'hex');
}

/** @throws KV_TCP_FRAME */
export function readLeases(header: Buffer): readonly string[] {
  const count = header.length / LEASE_BYTES;
  if (!Number.isInteger(count) || count > MAX_KEYS) throw frameError(`leases in ${header.length} bytes`);
  return Array.from({ length: count }, (_, i) =>
    header.toString('hex', LEASE_BYTES * i, LEASE_BYTES * (i + 1)),
  );
}

function cutOff(): Error {
  return frameError('places of chunks that are cut off');
}
