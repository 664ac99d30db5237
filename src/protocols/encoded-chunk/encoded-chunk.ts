/** Bytes of the header in front of the table. */
export const ENCODED_FIXED_BYTES = 40;

/** What a chunk that is encoded begins with; one that begins so by itself is encoded, too. */
export const ENCODED_MAGIC = Buffer.from('KVNCODEC', 'latin1');

/**
 * How the blocks are written: `zstd`, shuffled by `shuffleBytes`, each a zstd frame; `int8` and `fp8`, numbers of eight bits
 * with their scales.
 */
export type CodecName = 'zstd' | 'int8' | 'fp8';

/** `none`: one block as it is. */
export type ChunkCodec = 'none' | CodecName;

const CODECS: readonly ChunkCodec[] = ['none', 'zstd', 'int8', 'fp8'];
const VERSION = 1;
const TABLE_ENTRY_BYTES = 4;
const TWO_32 = 2 ** 32;
/** The longest block that is believed: it is decoded in memory outside the arena. */
const MAX_BLOCK_BYTES = 2 ** 24;
const MAX_ELEMENT_BYTES = 64;
const MAX_BLOCKS = 2 ** 20;

/** What stands in front of the blocks of an encoded chunk. */
export interface EncodedHeader {
  readonly codec: ChunkCodec;
  /** Bytes of an element of the original: the distance of the bytes that were shuffled together. */
  readonly elementBytes: number;
  /** LMCache's code of the type of the elements; 0 where only their bytes matter. */
  readonly elementType: number;
  /** Bytes of the original in a block, the last one excepted; of no meaning with codec `none`. */
  readonly blockBytes: number;
  /** Length of the original. */
  readonly lengthBytes: number;
  /** CRC-32C of the original; of what it is decoded to, where the codec loses something. */
  readonly checksum: number;
  /** Length of each block as it is written, in order; none with codec `none`. */
  readonly blocks: readonly number[];
}

export type Crc32c = (bytes: Uint8Array) => number;

/** How many blocks a chunk has. */
export function blockCount(lengthBytes: number, blockBytes: number): number {
  return Math.ceil(lengthBytes / blockBytes);
}

/** Length of the header with its table. */
export function encodedHeaderBytes(blocks: number): number {
  return ENCODED_FIXED_BYTES + TABLE_ENTRY_BYTES * blocks;
}

/**
 * The header, little-endian: `KVNCODEC`, u8 version 1, u8 codec, u8 bytes of an element, u8 type of an element, u32 bytes of a block,
 * u64 length of the original, u32 CRC-32C of the original, u32 number of blocks, u32 zero, u32 CRC-32C of header and
 * table with this field zero; then a table with the length (u32) of each block. The blocks follow.
 */
export function encodeChunkHeader(header: EncodedHeader, crc32c: Crc32c): Buffer {
  const { blocks, lengthBytes } = header;
  const bytes = Buffer.alloc(encodedHeaderBytes(blocks.length));
  ENCODED_MAGIC.copy(bytes);
  bytes.writeUInt8(VERSION, 8);
  bytes.writeUInt8(CODECS.indexOf(header.codec), 9);
  bytes.writeUInt8(header.elementBytes, 10);
  bytes.writeUInt8(header.elementType, 11);
  bytes.writeUInt32LE(header.blockBytes, 12);
  bytes.writeUInt32LE(lengthBytes % TWO_32, 16);
  bytes.writeUInt32LE(Math.floor(lengthBytes / TWO_32), 20);
  bytes.writeUInt32LE(header.checksum, 24);
  bytes.writeUInt32LE(blocks.length, 28);
  blocks.forEach((block, i) => bytes.writeUInt32LE(block, encodedHeaderBytes(i)));
  bytes.writeUInt32LE(crc32c(bytes), 36);
  return bytes;
}

/**
 * Looks at the beginning of a chunk.
 *
 * @param start its first `ENCODED_FIXED_BYTES` bytes, or all of it if it is shorter.
 * @returns the length of the header with its table; `plain` for a chunk that is not encoded; `unknown` for one that a
 * later version encoded; `damaged`.
 */
export function encodedHeaderLength(start: Buffer): number | 'plain' | 'unknown' | 'damaged' {
  if (!isMarked(start)) return 'plain';
  if (start.length < ENCODED_FIXED_BYTES) return 'damaged';
  if (start.readUInt8(8) !== VERSION) return 'unknown';
  const blocks = start.readUInt32LE(28);
  return blocks <= MAX_BLOCKS ? encodedHeaderBytes(blocks) : 'damaged';
}

/** Whether a chunk that begins so would be taken for an encoded one. */
export function isMarked(start: Buffer): boolean {
  return start.subarray(0, ENCODED_MAGIC.length).equals(ENCODED_MAGIC);
}

/**
 * @param bytes the whole header, as long as `encodedHeaderLength` says.
 * @param encodedBytes length of the encoded chunk, header included.
 */
export function parseChunkHeader(
  bytes: Buffer,
  encodedBytes: number,
  crc32c: Crc32c,
): EncodedHeader | 'unknown' | 'damaged' {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(0, 36);
  if (crc32c(copy) !== bytes.readUInt32LE(36)) return 'damaged';
  const codec = CODECS[bytes.readUInt8(9)];
  if (codec === undefined) return 'unknown';
  const header: EncodedHeader = {
    codec,
    elementBytes: bytes.readUInt8(10),
    elementType: bytes.readUInt8(11),
    blockBytes: bytes.readUInt32LE(12),
    lengthBytes: bytes.readUInt32LE(20) * TWO_32 + bytes.readUInt32LE(16),
    checksum: bytes.readUInt32LE(24),
    blocks: Array.from({ length: bytes.readUInt32LE(28) }, (_, i) =>
      bytes.readUInt32LE(encodedHeaderBytes(i)),
    ),
  };
  return isConsistent(header, encodedBytes - bytes.length) ? header : 'damaged';
}

function isConsistent(header: EncodedHeader, bodyBytes: number): boolean {
  const { codec, elementBytes, blockBytes, lengthBytes, blocks } = header;
  if (codec === 'none') return blocks.length === 0 && bodyBytes === lengthBytes;
  return (
    elementBytes >= 1 &&
    elementBytes <= MAX_ELEMENT_BYTES &&
    blockBytes >= 1 &&
    blockBytes <= MAX_BLOCK_BYTES &&
    blocks.length === blockCount(lengthBytes, blockBytes) &&
    bodyBytes === blocks.reduce((sum, block) => sum + block, 0)
  );
}
