import { expect, it } from '@jest/globals';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { ELEMENT_TYPE_CODES } from '../protocols/remote-metadata/element-type.js';
import { MEMORY_FORMATS } from '../protocols/remote-metadata/memory-format.js';
import { binaryMetadata, encodeRemoteMetadata } from '../protocols/remote-metadata/remote-metadata.js';
import { elementTypeNamed, elementTypeOf, likelyElementType } from './element-type.js';

const NONE = Buffer.alloc(0);
const HALF = 'm@1@0@ab@half';

function metadata(dtype: number): Buffer {
  return encodeRemoteMetadata({
    lengthBytes: 8,
    format: MEMORY_FORMATS.KV_2LTD,
    groups: [{ dtype, shape: [2] }],
  });
}

it.each([
  ['the metadata', 'm@1@0@ab@double', metadata(ELEMENT_TYPE_CODES.float32), 4],
  ['metadata of eight bits', HALF, metadata(ELEMENT_TYPE_CODES.float8_e5m2), 1],
  [
    'the key, where the metadata are those of plain bytes',
    'm@1@0@ab@float',
    encodeRemoteMetadata(binaryMetadata(8)),
    4,
  ],
  ['the key, where the metadata are of an unknown type', 'm@1@0@ab@float', metadata(99), 4],
  ['the key, where the metadata say nothing', 'm@1@0@ab@fp8_e4m3', metadata(ELEMENT_TYPE_CODES.none), 1],
  ['the key alone', 'm@1@0@ab@double', NONE, 8],
  ['nothing: a key without a type', `m@01000100@0@${'ab'.repeat(32)}`, NONE, 2],
  ['nothing: an unknown type', 'm@1@0@ab@float12', NONE, 2],
  ['nothing: any key', 'any', Buffer.from('any'), 2],
])('has bytes that are known by %s', (_, key, bytes, expected) => {
  expect(likelyElementType({ key: ChunkKey.of(key), metadata: bytes })).toEqual({ bytes: expected, code: 0 });
});

it.each([
  ['one tensor', metadata(ELEMENT_TYPE_CODES.bfloat16), { bytes: 2, code: 3 }],
  ['the other code of float16', metadata(1), { bytes: 2, code: 2 }],
  ['plain bytes', encodeRemoteMetadata(binaryMetadata(8)), undefined],
  ['an unknown type', metadata(99), undefined],
  ['no type', metadata(ELEMENT_TYPE_CODES.none), undefined],
  ['nothing', NONE, undefined],
  ['tensors of one type', groups('float32', 'float32'), { bytes: 4, code: 4 }],
  ['tensors of two types', groups('float16', 'float32'), undefined],
])('is that of metadata of %s', (_, bytes, expected) => {
  expect(elementTypeOf(bytes)).toEqual(expected);
});

it('has the names of PyTorch', () => {
  expect(elementTypeNamed('bfloat16')).toEqual({ bytes: 2, code: 3 });
  for (const name of ['none', 'half', 'toString', '']) expect(elementTypeNamed(name)).toBeUndefined();
});

function groups(...names: (keyof typeof ELEMENT_TYPE_CODES)[]): Buffer {
  return encodeRemoteMetadata({
    lengthBytes: 8,
    format: MEMORY_FORMATS.KV_2LTD,
    groups: names.map((name) => ({ dtype: ELEMENT_TYPE_CODES[name], shape: [2] })),
  });
}
