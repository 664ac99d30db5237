import { type ChunkForm, formNumber, formOf } from '../chunk-form/chunk-form.js';

/** Bytes of the header in front of key and metadata. */
export const SEALED_FIXED_BYTES = 48;

/** The longest header that is believed: the longest key and the longest metadata with room to spare. */
const MAX_HEADER_BYTES = 64 * 1024;
const MAGIC = 0x3143564b;
/** Of chunks that are not as they were put: a version that knows no forms must not take them for others. */
const FORMED_MAGIC = 0x3243564b;
const ALIGNMENT = 8;
const TWO_32 = 2 ** 32;

/** What travels in front of the bytes of a chunk in a store that keeps plain values. */
export interface SealedHeader {
  /** Name of the chunk: `formatStoreKey`. A value that was moved to another name is recognised. */
  readonly name: string;
  /** Length of the chunk, without the header. */
  readonly lengthBytes: number;
  /** CRC-32C of the chunk. */
  readonly checksum: number;
  readonly metadata: Uint8Array;
  /** Chunks in front of this one in its prefix, -1 = unknown. */
  readonly depth: number;
  /** Milliseconds since the Unix epoch, 0 = never. */
  readonly expiresAtMs: number;
  /** Absent: the bytes are what was put. */
  readonly form?: ChunkForm;
}

export type Crc32c = (bytes: Uint8Array) => number;

/**
 * The header, little-endian: `KVC1` (`KVC2` where the form is not 0), u32 length of the header, u64 length of the chunk, u64 expiry, u32 CRC-32C of
 * the chunk, i32 depth, u32 length of the name, u32 length of the metadata, u32 form (`formNumber`), u32 CRC-32C of the header with
 * this field zero; then name and metadata, and zeros up to a multiple of 8 bytes. The chunk follows.
 */
export function encodeSealedHeader(header: SealedHeader, crc32c: Crc32c): Buffer {
  const name = Buffer.from(header.name, 'utf8');
  const { metadata } = header;
  const bytes = Buffer.alloc(alignUp(SEALED_FIXED_BYTES + name.length + metadata.length));
  const form = header.form === undefined ? 0 : formNumber(header.form);
  bytes.writeUInt32LE(form === 0 ? MAGIC : FORMED_MAGIC, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  writeUInt64(bytes, header.lengthBytes, 8);
  writeUInt64(bytes, header.expiresAtMs, 16);
  bytes.writeUInt32LE(header.checksum, 24);
  bytes.writeInt32LE(header.depth, 28);
  bytes.writeUInt32LE(name.length, 32);
  bytes.writeUInt32LE(metadata.length, 36);
  bytes.writeUInt32LE(form, 40);
  name.copy(bytes, SEALED_FIXED_BYTES);
  bytes.set(metadata, SEALED_FIXED_BYTES + name.length);
  bytes.writeUInt32LE(crc32c(bytes), 44);
  return bytes;
}

/**
 * @param start at least the first `SEALED_FIXED_BYTES` bytes of a value.
 * @returns the length of the whole header, or undefined when this is none.
 */
export function sealedHeaderLength(start: Buffer): number | undefined {
  if (start.length < SEALED_FIXED_BYTES || !isMagic(start.readUInt32LE(0))) return undefined;
  const length = start.readUInt32LE(4);
  const content = SEALED_FIXED_BYTES + start.readUInt32LE(32) + start.readUInt32LE(36);
  return length <= MAX_HEADER_BYTES && length === alignUp(content) ? length : undefined;
}

/**
 * @param start at least the first `SEALED_FIXED_BYTES` bytes of a value.
 * @returns how many bytes of metadata the chunk has: 0 also when this is no header.
 */
export function sealedMetadataBytes(start: Buffer): number {
  return sealedHeaderLength(start) === undefined ? 0 : start.readUInt32LE(36);
}

/** @returns undefined unless `bytes` begin with a whole, undamaged header. `metadata` is a view of `bytes`. */
export function parseSealedHeader(bytes: Buffer, crc32c: Crc32c): SealedHeader | undefined {
  const length = sealedHeaderLength(bytes);
  if (length === undefined || bytes.length < length) return undefined;
  const header = Buffer.from(bytes.subarray(0, length));
  header.writeUInt32LE(0, 44);
  if (crc32c(header) !== bytes.readUInt32LE(44)) return undefined;
  const form = formOf(bytes.readUInt32LE(40));
  if (form === undefined) return undefined;
  const nameEnd = SEALED_FIXED_BYTES + bytes.readUInt32LE(32);
  return {
    name: bytes.toString('utf8', SEALED_FIXED_BYTES, nameEnd),
    lengthBytes: readUInt64(bytes, 8),
    expiresAtMs: readUInt64(bytes, 16),
    checksum: bytes.readUInt32LE(24),
    depth: bytes.readInt32LE(28),
    metadata: bytes.subarray(nameEnd, nameEnd + bytes.readUInt32LE(36)),
    ...(bytes.readUInt32LE(0) === FORMED_MAGIC && { form }),
  };
}

function isMagic(word: number): boolean {
  return word === MAGIC || word === FORMED_MAGIC;
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function writeUInt64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value % TWO_32, offset);
  bytes.writeUInt32LE(Math.floor(value / TWO_32), offset + 4);
}

function readUInt64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 4) * TWO_32 + bytes.readUInt32LE(offset);
}
