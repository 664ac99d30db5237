import { describe, expect, it } from '@jest/globals';
import { binaryMetadata, encodeRemoteMetadata } from '../remote-metadata/remote-metadata.js';
import { readableMetadata } from './readable-chunk.js';

const BYTES = 480;

function read(format: number, dtype: number, shape: number[], groups = 1, lengthBytes = BYTES): unknown {
  const group = { dtype, shape };
  const bytes = encodeRemoteMetadata({
    lengthBytes: 7,
    format,
    groups: Array.from({ length: groups }, () => group),
  });
  return readableMetadata(bytes, lengthBytes);
}

describe('what LMCache can take from a reply', () => {
  it.each([
    ['two bytes an element', 1, 3, [2, 4, 5, 6]],
    ['four bytes an element', 6, 4, [1, 4, 5, 6]],
    ['two dimensions', 7, 2, [2, 120]],
    ['room to spare', 1, 3, [2, 40, 5, 6]],
    ['bytes without a shape', 5, 6, [480, 0, 0, 0]],
    ['bytes without a type', 5, 0, [480, 0, 0, 0]],
    ['a dtype that is not known here', 1, 9, [2, 1, 1, 1]],
    ['a format that is not known here', 9, 3, [2, 4, 5, 6]],
  ])('%s', (_, format, dtype, shape) => {
    const expected = { lengthBytes: BYTES, format, groups: [{ dtype, shape }] };
    expect(read(format, dtype, shape)).toEqual(expected);
  });

  it('is what belongs to bytes of which nothing is known', () => {
    const metadata = binaryMetadata(BYTES);
    expect(readableMetadata(encodeRemoteMetadata(metadata), BYTES)).toEqual(metadata);
  });

  it.each([
    ['a shape that is too small', 1, 3, [2, 4, 5, 5]],
    ['no dtype', 1, 0, [2, 4, 5, 6]],
    ['the format UNDEFINED', 0, 3, [2, 4, 5, 6]],
    ['the format BINARY', 4, 6, [480, 0, 0, 0]],
    ['too few bytes without a shape', 5, 6, [479, 0, 0, 0]],
  ])('is not %s', (_, format, dtype, shape) => expect(read(format, dtype, shape)).toBeUndefined());

  it('is not more than one group, nor no metadata, nor another kind', () => {
    expect(read(1, 3, [2, 4, 5, 6], 2)).toBeUndefined();
    expect(readableMetadata(Buffer.alloc(0), BYTES)).toBeUndefined();
    expect(readableMetadata(Buffer.from('any'), BYTES)).toBeUndefined();
  });

  it('is not longer than a header can say', () => {
    expect(read(1, 3, [2, 4096, 4096, 4096], 1, 2 ** 31)).toBeUndefined();
    expect(read(1, 3, [2, 4096, 4096, 4096], 1, 2 ** 31 - 1)).toBeDefined();
  });
});
