import { type Crc32c } from '../sealed-chunk/sealed-chunk.js';

/** Bytes of the id of a value. */
export const POINTER_ID_BYTES = 16;

const POINTER_BYTES = 40;
const MAGIC = 0x3150564b;

/** Where the bytes of a chunk are: what stands under its name, so short that it travels in one piece. */
export interface ChunkPointer {
  /** 16 bytes that no other value ever had. */
  readonly id: Buffer;
  /** Length of the value without what fills it up. */
  readonly lengthBytes: number;
  /** Whether the chunk has metadata, and how much. */
  readonly metadataBytes: number;
}

/**
 * Little-endian: `KVP1`, u32 CRC-32C of all of it with this field zero, u32 length of the value, u32 bytes of metadata,
 * u64 zero, the id.
 */
export function encodeChunkPointer(pointer: ChunkPointer, crc32c: Crc32c): Buffer {
  const { id, lengthBytes, metadataBytes } = pointer;
  const bytes = Buffer.alloc(POINTER_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(lengthBytes, 8);
  bytes.writeUInt32LE(metadataBytes, 12);
  id.copy(bytes, POINTER_BYTES - POINTER_ID_BYTES, 0, POINTER_ID_BYTES);
  bytes.writeUInt32LE(crc32c(bytes), 4);
  return bytes;
}

/** @returns undefined unless `bytes` are an undamaged pointer. */
export function parseChunkPointer(bytes: Buffer, crc32c: Crc32c): ChunkPointer | undefined {
  if (bytes.length !== POINTER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const unsigned = Buffer.from(bytes);
  unsigned.writeUInt32LE(0, 4);
  if (crc32c(unsigned) !== bytes.readUInt32LE(4)) return undefined;
  return {
    id: unsigned.subarray(POINTER_BYTES - POINTER_ID_BYTES),
    lengthBytes: bytes.readUInt32LE(8),
    metadataBytes: bytes.readUInt32LE(12),
  };
}
