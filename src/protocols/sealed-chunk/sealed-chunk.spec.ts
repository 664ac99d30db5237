import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  encodeSealedHeader,
  parseSealedHeader,
  sealedHeaderLength,
  type SealedHeader,
} from './sealed-chunk.js';

const HEADER: SealedHeader = {
  name: 'model@1@0@ab@half',
  lengthBytes: 5 * 2 ** 32 + 7,
  checksum: 0xfedcba98,
  metadata: Buffer.from('shape'),
  depth: -1,
  expiresAtMs: 1_790_000_000_123,
};
const checksum = (bytes: Uint8Array): number => crc32(bytes);

describe('sealed chunk', () => {
  it('reads back what it wrote, with the chunk behind it', () => {
    const bytes = Buffer.concat([encodeSealedHeader(HEADER, checksum), Buffer.from('the chunk')]);
    expect(sealedHeaderLength(bytes)).toBe(bytes.length - 9);
    expect(sealedHeaderLength(bytes)! % 8).toBe(0);
    expect(parseSealedHeader(bytes, checksum)).toEqual(HEADER);
  });

  it('says what the bytes are, with a mark of its own where they are not what was put', () => {
    for (const form of [
      { encoded: true, loss: 'none' },
      { encoded: false, loss: 'int8' },
    ] as const) {
      const bytes = encodeSealedHeader({ ...HEADER, form }, checksum);
      expect(bytes.toString('latin1', 0, 4)).toBe('KVC2');
      expect(parseSealedHeader(bytes, checksum)).toEqual({ ...HEADER, form });
    }
    const asPut = encodeSealedHeader({ ...HEADER, form: { encoded: false, loss: 'none' } }, checksum);
    expect(asPut.equals(encodeSealedHeader(HEADER, checksum))).toBe(true);
  });

  it('notices every damaged byte of the header', () => {
    const bytes = encodeSealedHeader(HEADER, checksum);
    for (let i = 0; i < bytes.length; i++) {
      bytes.writeUInt8(bytes.readUInt8(i) ^ 0x40, i);
      expect(parseSealedHeader(bytes, checksum)).toBeUndefined();
      bytes.writeUInt8(bytes.readUInt8(i) ^ 0x40, i);
    }
  });

  it('knows no header in what is too short or something else', () => {
    const bytes = encodeSealedHeader(HEADER, checksum);
    for (let end = 0; end < bytes.length; end++) {
      expect(parseSealedHeader(bytes.subarray(0, end), checksum)).toBeUndefined();
    }
    expect(sealedHeaderLength(Buffer.alloc(100, 'KVC1'))).toBeUndefined();
  });
});
