import { frameError } from './frame.js';
import { MAX_KEYS } from './key-list.js';
import { readUInt64, writeUInt64 } from './uint64.js';

const LIST_BYTES = 12;
/** What stands in front of the key of each chunk. */
export const PUT_ENTRY_BYTES = 28;
const ACK_ALL = 1;
const FLAG_ONLY_IF_ABSENT = 1;
const FLAG_HAS_CHECKSUM = 1;
const FLAG_EXPIRES_AT = 2;
const ENTRY_FLAGS = FLAG_HAS_CHECKSUM | FLAG_EXPIRES_AT;
/** Depths from here on are as good as unknown. */
const MAX_DEPTH = 2 ** 24 - 2;

/** One chunk of a put. */
export interface PutEntry {
  readonly key: Buffer;
  readonly lengthBytes: number;
  /** 0 = it does not expire. */
  readonly ttlMs: number;
  /** In the place of `ttlMs`: when it expires, in milliseconds since 1970; 0 = never. */
  readonly expiresAtMs?: number | undefined;
  /** How many chunks are in front of it in its prefix, where that is known. */
  readonly depth?: number | undefined;
  /** CRC-32C that the bytes must have, where it is given. */
  readonly checksum: number | undefined;
  readonly metadata: Buffer;
}

/**
 * The header of a put; the bodies of its chunks follow, back to back:
 * `u32 namespace | u8 ack | u8 flags | u16 0 | u32 count | count × entry`, an entry being
 * `u64 length | u64 ttl | u32 checksum | u16 key | u16 metadata | u8 flags | u24 place | key | metadata`.
 */
export interface PutList {
  readonly namespace: number;
  readonly ack: 'memory' | 'all';
  readonly onlyIfAbsent: boolean;
  readonly entries: readonly PutEntry[];
}

/** @returns the header. */
export function encodePutList({ namespace, ack, onlyIfAbsent, entries }: PutList): Buffer {
  const bytes = entries.reduce(
    (sum, { key, metadata }) => sum + PUT_ENTRY_BYTES + key.length + metadata.length,
    LIST_BYTES,
  );
  const header = Buffer.alloc(bytes);
  header.writeUInt32LE(namespace, 0);
  header[4] = ack === 'all' ? ACK_ALL : 0;
  header[5] = onlyIfAbsent ? FLAG_ONLY_IF_ABSENT : 0;
  header.writeUInt32LE(entries.length, 8);
  let at = LIST_BYTES;
  for (const { key, lengthBytes, ttlMs, expiresAtMs, checksum, metadata, depth } of entries) {
    writeUInt64(header, lengthBytes, at);
    writeUInt64(header, expiresAtMs ?? ttlMs, at + 8);
    header.writeUInt32LE(checksum ?? 0, at + 16);
    header.writeUInt16LE(key.length, at + 20);
    header.writeUInt16LE(metadata.length, at + 22);
    header[at + 24] =
      (checksum === undefined ? 0 : FLAG_HAS_CHECKSUM) | (expiresAtMs === undefined ? 0 : FLAG_EXPIRES_AT);
    header.writeUIntLE(depth === undefined || depth > MAX_DEPTH ? 0 : depth + 1, at + 25, 3);
    at += PUT_ENTRY_BYTES;
    header.set(key, at);
    header.set(metadata, at + key.length);
    at += key.length + metadata.length;
  }
  return header;
}

/**
 * @returns keys and metadata as views of `header`.
 * @throws KV_TCP_FRAME
 */
export function readPutList(header: Buffer): PutList {
  if (header.length < LIST_BYTES) throw frameError('a put that is cut off');
  const ack = header[4] as number;
  const flags = header[5] as number;
  if (ack > ACK_ALL || flags > FLAG_ONLY_IF_ABSENT)
    throw frameError(`a put with ack ${ack} and flags ${flags}`);
  const count = header.readUInt32LE(8);
  if (count > MAX_KEYS) throw frameError(`a put of ${count} chunks, more than ${MAX_KEYS}`);
  const entries: PutEntry[] = [];
  let at = LIST_BYTES;
  for (let i = 0; i < count; i++) {
    const entry = readEntry(header, at);
    entries.push(entry);
    at += PUT_ENTRY_BYTES + entry.key.length + entry.metadata.length;
  }
  if (at !== header.length) throw frameError('bytes behind a put');
  return {
    namespace: header.readUInt32LE(0),
    ack: ack === ACK_ALL ? 'all' : 'memory',
    onlyIfAbsent: flags === FLAG_ONLY_IF_ABSENT,
    entries,
  };
}

function readEntry(header: Buffer, at: number): PutEntry {
  const keyAt = at + PUT_ENTRY_BYTES;
  if (keyAt > header.length) throw frameError('a put that is cut off');
  const metadataAt = keyAt + header.readUInt16LE(at + 20);
  const end = metadataAt + header.readUInt16LE(at + 22);
  if (end > header.length) throw frameError('a put that is cut off');
  const flags = header[at + 24] as number;
  if (flags > ENTRY_FLAGS) throw frameError(`a chunk of a put with flags ${flags}`);
  const time = readUInt64(header, at + 8);
  const isTimeOfExpiry = (flags & FLAG_EXPIRES_AT) !== 0;
  const place = header.readUIntLE(at + 25, 3);
  return {
    key: header.subarray(keyAt, metadataAt),
    lengthBytes: readUInt64(header, at),
    ttlMs: isTimeOfExpiry ? 0 : time,
    expiresAtMs: isTimeOfExpiry ? time : undefined,
    checksum: (flags & FLAG_HAS_CHECKSUM) === 0 ? undefined : header.readUInt32LE(at + 16),
    metadata: header.subarray(metadataAt, end),
    depth: place === 0 ? undefined : place - 1,
  };
}
