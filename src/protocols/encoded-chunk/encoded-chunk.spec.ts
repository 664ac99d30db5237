import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  type EncodedHeader,
  encodeChunkHeader,
  encodedHeaderLength,
  ENCODED_FIXED_BYTES,
  isMarked,
  parseChunkHeader,
} from './encoded-chunk.js';

const HEADER: EncodedHeader = {
  codec: 'zstd',
  elementBytes: 2,
  elementType: 0,
  blockBytes: 1_000,
  lengthBytes: 2_500,
  checksum: 0xfedcba98,
  blocks: [700, 800, 20],
};
const BODY_BYTES = 1_520;
const checksum = (bytes: Uint8Array): number => crc32(bytes);

function parse(bytes: Buffer, bodyBytes = BODY_BYTES): EncodedHeader | string {
  const length = encodedHeaderLength(bytes.subarray(0, ENCODED_FIXED_BYTES));
  if (typeof length === 'string') return length;
  if (length > bytes.length) return 'damaged';
  return parseChunkHeader(bytes.subarray(0, length), length + bodyBytes, checksum);
}

describe('header of an encoded chunk', () => {
  it('reads back what it wrote', () => {
    expect(parse(encodeChunkHeader(HEADER, checksum))).toEqual(HEADER);
    const stored: EncodedHeader = { ...HEADER, codec: 'none', blocks: [], lengthBytes: 5 * 2 ** 32 + 7 };
    expect(parse(encodeChunkHeader(stored, checksum), stored.lengthBytes)).toEqual(stored);
    for (const codec of ['int8', 'fp8'] as const) {
      const typed: EncodedHeader = { ...HEADER, codec, elementType: 3 };
      expect(parse(encodeChunkHeader(typed, checksum))).toEqual(typed);
    }
  });

  it('notices every damaged byte', () => {
    const bytes = encodeChunkHeader(HEADER, checksum);
    for (let i = 0; i < bytes.length; i++) {
      bytes.writeUInt8(bytes.readUInt8(i) ^ 0x40, i);
      expect(parse(bytes)).toBe(i < 8 ? 'plain' : i === 8 ? 'unknown' : 'damaged');
      bytes.writeUInt8(bytes.readUInt8(i) ^ 0x40, i);
    }
  });

  it('does not believe numbers that contradict one another', () => {
    const wrong: Partial<EncodedHeader>[] = [
      { elementBytes: 0 },
      { elementBytes: 65 },
      { blockBytes: 0, blocks: [] },
      { blockBytes: 2 ** 24 + 1, lengthBytes: 3 * 2 ** 24 },
      { blocks: [1_500, 20] },
      { lengthBytes: 3_001 },
    ];
    for (const each of wrong)
      expect(parse(encodeChunkHeader({ ...HEADER, ...each }, checksum))).toBe('damaged');
    expect(parse(encodeChunkHeader(HEADER, checksum), BODY_BYTES + 1)).toBe('damaged');
    expect(parse(encodeChunkHeader({ ...HEADER, codec: 'none', blocks: [] }, checksum))).toBe('damaged');
  });

  it('is told from a plain chunk by its mark alone', () => {
    const bytes = encodeChunkHeader(HEADER, checksum);
    for (let end = 0; end < ENCODED_FIXED_BYTES; end++) {
      expect(encodedHeaderLength(bytes.subarray(0, end))).toBe(end < 8 ? 'plain' : 'damaged');
      expect(isMarked(bytes.subarray(0, end))).toBe(end >= 8);
    }
  });

  it('knows what a later version wrote', () => {
    const bytes = encodeChunkHeader(HEADER, checksum);
    bytes.writeUInt8(2, 8);
    expect(parse(bytes)).toBe('unknown');
  });

  it('knows what a codec wrote that is not known here', () => {
    const bytes = encodeChunkHeader(HEADER, checksum);
    bytes.writeUInt8(7, 9);
    bytes.writeUInt32LE(0, 36);
    bytes.writeUInt32LE(checksum(bytes), 36);
    expect(parse(bytes)).toBe('unknown');
  });
});
