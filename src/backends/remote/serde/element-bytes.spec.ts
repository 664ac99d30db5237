import { expect, it } from '@jest/globals';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { ELEMENT_TYPE_CODES } from '../../../protocols/remote-metadata/element-type.js';
import { MEMORY_FORMATS } from '../../../protocols/remote-metadata/memory-format.js';
import { binaryMetadata, encodeRemoteMetadata } from '../../../protocols/remote-metadata/remote-metadata.js';
import { elementBytesOf } from './element-bytes.js';

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
])('is known by %s', (_, key, bytes, expected) => {
  expect(elementBytesOf({ key: ChunkKey.of(key), metadata: bytes })).toBe(expected);
});
