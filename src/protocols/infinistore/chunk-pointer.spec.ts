import { crc32 } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { encodeChunkPointer, parseChunkPointer } from './chunk-pointer.js';

/** Any sum will do here. */
const sum = (bytes: Uint8Array): number => crc32(bytes);

describe('pointers to values', () => {
  const id = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

  it('come back as they were', () => {
    const bytes = encodeChunkPointer({ id, lengthBytes: 2 ** 31 - 1, metadataBytes: 28 }, sum);
    expect(bytes).toHaveLength(40);
    expect(bytes.toString('latin1', 0, 4)).toBe('KVP1');
    expect(parseChunkPointer(bytes, sum)).toEqual({ id, lengthBytes: 2 ** 31 - 1, metadataBytes: 28 });
  });

  it('are none when a bit of them has changed, or when they are longer or shorter', () => {
    const bytes = encodeChunkPointer({ id, lengthBytes: 7, metadataBytes: 0 }, sum);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(parseChunkPointer(changed, sum)).toBeUndefined();
    }
    expect(parseChunkPointer(bytes.subarray(1), sum)).toBeUndefined();
    expect(parseChunkPointer(Buffer.concat([bytes, Buffer.alloc(1)]), sum)).toBeUndefined();
    expect(parseChunkPointer(Buffer.alloc(0), sum)).toBeUndefined();
  });
});
