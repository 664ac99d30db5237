import { KvError } from '../../common/errors/kv-error.js';
import { ELEMENT_TYPE_CODES, elementTypeName } from './element-type.js';
import { isBinaryFormat, MEMORY_FORMATS, memoryFormatName } from './memory-format.js';

const INT_BYTES = 4;
const HEAD_INTS = 2;
const GROUP_INTS = 5;
const MAX_DIMENSIONS = 4;

/** One tensor of a chunk; most chunks have one. */
export interface MetadataGroup {
  /** Code of the element type: `ELEMENT_TYPE_CODES`. */
  readonly dtype: number;
  /** At most 4 dimensions. On the wire it is padded with zeros, and trailing zeros are dropped when read. */
  readonly shape: readonly number[];
}

/** What LMCache stores beside the bytes of a chunk. */
export interface RemoteMetadata {
  readonly lengthBytes: number;
  /** `MEMORY_FORMATS` */
  readonly format: number;
  readonly groups: readonly MetadataGroup[];
}

/** As `RemoteMetadata`, with names for the codes: for JSON. */
export interface RemoteMetadataDescription {
  readonly lengthBytes: number;
  readonly format: string;
  readonly groups: readonly { readonly dtype: string; readonly shape: readonly number[] }[];
}

/** What belongs to bytes of which nothing else is known. LMCache finds no memory for a chunk of the format BINARY. */
export function binaryMetadata(lengthBytes: number): RemoteMetadata {
  const group = { dtype: ELEMENT_TYPE_CODES.uint8, shape: [lengthBytes, 0, 0, 0] };
  return { lengthBytes, format: MEMORY_FORMATS.BINARY_BUFFER, groups: [group] };
}

/**
 * Writes the struct: 32-bit integers, little-endian, `length, format` and per group `dtype` and four dimensions.
 * 28 bytes for one group.
 *
 * @throws KV_INPUT_METADATA for no group, more than 4 dimensions, and numbers that do not fit.
 */
export function encodeRemoteMetadata(metadata: RemoteMetadata): Buffer {
  const { lengthBytes, format, groups } = metadata;
  if (groups.length === 0) throw invalid('has no group');
  const bytes = Buffer.alloc(INT_BYTES * (HEAD_INTS + GROUP_INTS * groups.length));
  let at = writeInt(bytes, 0, lengthBytes);
  at = writeInt(bytes, at, format);
  for (const { dtype, shape } of groups) {
    if (shape.length > MAX_DIMENSIONS) throw invalid(`has ${shape.length} dimensions`);
    at = writeInt(bytes, at, dtype);
    for (let i = 0; i < MAX_DIMENSIONS; i++) at = writeInt(bytes, at, shape[i] ?? 0);
  }
  return bytes;
}

/** @returns undefined unless the length is that of one or more groups and no number but a dtype or format is odd. */
export function parseRemoteMetadata(bytes: Buffer): RemoteMetadata | undefined {
  const groupCount = (bytes.length / INT_BYTES - HEAD_INTS) / GROUP_INTS;
  if (!Number.isInteger(groupCount) || groupCount < 1) return undefined;
  const lengthBytes = bytes.readInt32LE(0);
  if (lengthBytes < 0) return undefined;
  const format = bytes.readInt32LE(INT_BYTES);
  const groups: MetadataGroup[] = [];
  for (let i = 0; i < groupCount; i++) {
    const group = readGroup(bytes, INT_BYTES * (HEAD_INTS + GROUP_INTS * i), isBinaryFormat(format));
    if (group === undefined) return undefined;
    groups.push(group);
  }
  return { lengthBytes, format, groups };
}

export function describeRemoteMetadata(metadata: RemoteMetadata): RemoteMetadataDescription {
  return {
    lengthBytes: metadata.lengthBytes,
    format: memoryFormatName(metadata.format),
    groups: metadata.groups.map(({ dtype, shape }) => ({ dtype: elementTypeName(dtype), shape })),
  };
}

function readGroup(bytes: Buffer, offset: number, keepZeros: boolean): MetadataGroup | undefined {
  const shape: number[] = [];
  for (let i = 1; i <= MAX_DIMENSIONS; i++) {
    const size = bytes.readInt32LE(offset + INT_BYTES * i);
    if (size < 0) return undefined;
    shape.push(size);
  }
  while (!keepZeros && shape.at(-1) === 0) shape.pop();
  return { dtype: bytes.readInt32LE(offset), shape };
}

function writeInt(target: Buffer, offset: number, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) throw invalid(`has the number ${value}`);
  return target.writeInt32LE(value, offset);
}

function invalid(what: string): KvError {
  return new KvError('KV_INPUT_METADATA', `The metadata ${what}`, {
    kind: 'input',
    remedy: 'Give 1 or more groups of at most 4 dimensions, with numbers from 0 to 2147483647.',
  });
}
