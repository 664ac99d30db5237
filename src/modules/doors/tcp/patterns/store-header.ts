import { MAX_METADATA_BYTES } from '../../../../arena/arena.interface.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { MAX_KEYS } from '../../../../protocols/kvnest-tcp/key-list.js';
import { checksumFromHex, metadataFrom } from '../../control/input/encodings.js';
import { type HeaderFields, isWhole } from './prefix-header.js';

/** A chunk that follows the tokens. */
export interface ChunkHeader {
  /** Which chunk of the tokens. */
  readonly index: number;
  readonly lengthBytes: number;
  readonly metadata: Buffer;
  /** CRC-32C that its bytes must have, where it is given. */
  readonly checksum: number | undefined;
}

export interface StoreHeader {
  readonly chunks: readonly ChunkHeader[];
  /** Of all chunks. */
  readonly chunkBytes: number;
  readonly ack: 'memory' | 'all';
  readonly onlyIfAbsent: boolean;
  /** 0 = never. */
  readonly ttlMs: number;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * What the header of a store says beside the tokens. What is wrong with a chunk becomes a problem of the fields.
 *
 * @throws KV_TCP_FRAME when it does not tell what follows.
 */
export function storeHeader(fields: HeaderFields): StoreHeader {
  const { chunks } = fields.fields;
  if (!Array.isArray(chunks) || chunks.length > MAX_KEYS)
    throw frameError('a store without a list of chunks');
  const headers = chunks.map((value: unknown, position) => chunkHeader(value, `chunks[${position}]`, fields));
  return {
    chunks: headers,
    chunkBytes: headers.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    ack: fields.oneOf('ack', ['memory', 'all']) ?? 'memory',
    onlyIfAbsent: fields.flag('only_if_absent') ?? false,
    ttlMs: fields.integer('ttl_ms', 1, Number.MAX_SAFE_INTEGER) ?? 0,
  };
}

function chunkHeader(value: unknown, path: string, fields: HeaderFields): ChunkHeader {
  const { index, length, metadata, checksum } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!isWhole(length, 0, Number.MAX_SAFE_INTEGER)) throw frameError(`${path} without a length`);
  if (!isWhole(index, 0, Number.MAX_SAFE_INTEGER)) fields.problem(`${path}.index`, 'must be a whole number');
  const bytes = metadata === undefined ? NO_BYTES : asText(metadata, metadataFrom);
  if (bytes === undefined)
    fields.problem(`${path}.metadata`, `must be base64 of at most ${MAX_METADATA_BYTES} bytes`);
  const crc32c = asText(checksum, checksumFromHex);
  if (checksum !== undefined && crc32c === undefined) {
    fields.problem(`${path}.checksum`, 'must be 8 hexadecimal digits');
  }
  return { index: Number(index), lengthBytes: length, metadata: bytes ?? NO_BYTES, checksum: crc32c };
}

function asText<T>(value: unknown, read: (text: string) => T | undefined): T | undefined {
  return typeof value === 'string' ? read(value) : undefined;
}
