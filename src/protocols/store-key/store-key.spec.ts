import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChunkKey } from '../chunk-key/chunk-key.js';
import { formatStoreKey, parseStoreKey } from './store-key.js';

describe('store key', () => {
  it.each(['Qwen/Qwen3-8B@1@0@abcd@bfloat16', 'модель@1@0@ab@half', 'a b'])('leaves %s as it is', (text) => {
    expect(formatStoreKey(ChunkKey.of(text))).toBe(text);
  });

  it.each([
    [new ChunkKey(Buffer.from([0, 255])), 'kvnest:0:00ff'],
    [ChunkKey.of('a', 3), 'kvnest:3:61'],
    [ChunkKey.of(''), 'kvnest:0:'],
    [ChunkKey.of('kvnest:3:61'), 'kvnest:0:6b766e6573743a333a3631'],
    [ChunkKey.of('line\nbreak'), 'kvnest:0:6c696e650a627265616b'],
  ])('escapes %s', (key, name) => {
    expect(formatStoreKey(key)).toBe(name);
  });

  it('reads back what it wrote', () => {
    const key = fc
      .tuple(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.string().map((text) => Buffer.from(text)),
        ),
        fc.nat(15),
      )
      .map(([bytes, namespace]) => new ChunkKey(Buffer.from(bytes), namespace));
    fc.assert(fc.property(key, (given) => parseStoreKey(formatStoreKey(given))?.id === given.id));
  });

  it.each(['', 'kvnest:', 'kvnest:x:61', 'kvnest:0:6', 'kvnest:0:61', 'kvnest:0:6A'])(
    'knows that %j is no name',
    (name) => expect(parseStoreKey(name)).toBeUndefined(),
  );
});
