import { describe, expect, it } from '@jest/globals';
import { elementBytes, ELEMENT_TYPE_CODES, elementTypeName } from './element-type.js';
import { MEMORY_FORMATS, memoryFormatName } from './memory-format.js';
import {
  binaryMetadata,
  describeRemoteMetadata,
  encodeRemoteMetadata,
  parseRemoteMetadata,
  type RemoteMetadata,
} from './remote-metadata.js';

const KV: RemoteMetadata = {
  lengthBytes: 4096,
  format: MEMORY_FORMATS.KV_2TD,
  groups: [{ dtype: ELEMENT_TYPE_CODES.bfloat16, shape: [2, 16, 64] }],
};

describe('remote metadata', () => {
  it.each([1, 2, 5])('survives the wire with %d groups', (groups) => {
    const metadata = { ...KV, groups: Array.from({ length: groups }, () => KV.groups[0]!) };
    const bytes = encodeRemoteMetadata(metadata);
    expect(bytes).toHaveLength(8 + 20 * groups);
    expect(parseRemoteMetadata(bytes)).toEqual(metadata);
  });

  it('keeps the zeros of bytes without a shape', () => {
    const metadata = binaryMetadata(123);
    expect(parseRemoteMetadata(encodeRemoteMetadata(metadata))).toEqual(metadata);
    expect(describeRemoteMetadata(metadata)).toEqual({
      lengthBytes: 123,
      format: 'BINARY_BUFFER',
      groups: [{ dtype: 'uint8', shape: [123, 0, 0, 0] }],
    });
  });

  it('passes codes that it does not know', () => {
    const bytes = encodeRemoteMetadata({ ...KV, format: 77, groups: [{ dtype: 99, shape: [1] }] });
    const parsed = parseRemoteMetadata(bytes);
    expect(parsed).toMatchObject({ format: 77, groups: [{ dtype: 99, shape: [1] }] });
    expect(describeRemoteMetadata(parsed!)).toMatchObject({
      format: 'unknown(77)',
      groups: [{ dtype: 'unknown(99)' }],
    });
  });

  it.each([0, 4, 8, 27, 29, 36, 47])('refuses %d bytes', (length) => {
    expect(parseRemoteMetadata(Buffer.alloc(length))).toBeUndefined();
  });

  it.each([0, 12, 24])('refuses a negative number at offset %d', (offset) => {
    const bytes = encodeRemoteMetadata(KV);
    bytes.writeInt32LE(-1, offset);
    expect(parseRemoteMetadata(bytes)).toBeUndefined();
  });

  it.each([
    { ...KV, groups: [] },
    { ...KV, lengthBytes: 2 ** 31 },
    { ...KV, lengthBytes: -1 },
    { ...KV, format: 0.5 },
    { ...KV, groups: [{ dtype: 3, shape: [1, 2, 3, 4, 5] }] },
    { ...KV, groups: [{ dtype: 3, shape: [-1] }] },
  ])('does not write %j', (metadata) => {
    expect(() => encodeRemoteMetadata(metadata)).toThrow(
      expect.objectContaining({ code: 'KV_INPUT_METADATA' }),
    );
  });
});

describe('codes', () => {
  it('have the names of the formats', () => {
    for (const [name, code] of Object.entries(MEMORY_FORMATS)) expect(memoryFormatName(code)).toBe(name);
  });

  it('have the names and sizes of the element types', () => {
    for (const [name, code] of Object.entries(ELEMENT_TYPE_CODES)) expect(elementTypeName(code)).toBe(name);
    expect(elementTypeName(1)).toBe('float16');
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(elementBytes)).toEqual([0, 2, 2, 2, 4, 8, 1, 1, 1, undefined]);
  });
});
