import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { S3ObjectNames } from './s3-object-names.js';

const sealed = new S3ObjectNames('kv/', 'sealed', 1024);
const lmcache = new S3ObjectNames('', 'lmcache', 1024);
const multiprocess = new S3ObjectNames('', 'lmcache-mp', 1024);

const KEY = 'Qwen/Qwen3-8B@1@0@abcd@bfloat16';

describe('names of objects', () => {
  it.each([
    [KEY, 'kv/Qwen%2FQwen3-8B@1@0@abcd@bfloat16'],
    ['..', 'kv/%2E%2E'],
    ['../a', 'kv/..%2Fa'],
    ['a%20b?c', 'kv/a%2520b%3Fc'],
    ['модель', 'kv/%D0%BC%D0%BE%D0%B4%D0%B5%D0%BB%D1%8C'],
    ['', 'kv/kvnest:0:'],
  ])('of a sealed chunk: %j becomes %s', (text, name) => {
    expect(sealed.format(ChunkKey.of(text))).toBe(name);
  });

  it("are LMCache's: the slash is an underscore in one of its servers and stays in the other", () => {
    expect(lmcache.format(ChunkKey.of(KEY))).toBe('Qwen_Qwen3-8B@1@0@abcd@bfloat16');
    expect(multiprocess.format(ChunkKey.of(KEY))).toBe(KEY);
    for (const text of ['../a', 'a//b', '/a', 'a/', '.', 'a%2F']) {
      expect(multiprocess.format(ChunkKey.of(text))).toBe(sealed.format(ChunkKey.of(text))?.slice(3));
    }
  });

  it('tell the key again, whatever it is, and different keys have different names', () => {
    const key = fc
      .tuple(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.string().map((text) => Buffer.from(text)),
          fc.stringMatching(/^[./%a2F]{0,6}$/).map((text) => Buffer.from(text)),
        ),
        fc.nat(15),
      )
      .map(([bytes, namespace]) => new ChunkKey(Buffer.from(bytes), namespace));
    for (const names of [sealed, multiprocess]) {
      fc.assert(
        fc.property(key, (given) => names.parse(names.format(given)!)?.id === given.id),
        { numRuns: 500 },
      );
    }
  });

  it('have no form beside the one that is written', () => {
    for (const name of ['kv/%2f', 'kv/%', 'kv/a/b', 'kv/%61', 'kv/', 'elsewhere/a'])
      expect(sealed.parse(name)).toBeUndefined();
    expect(multiprocess.parse('a/../b')).toBeUndefined();
    expect(lmcache.parse('a@1@0@ab@half')).toBeUndefined();
  });

  it('end at the longest that the service takes', () => {
    expect(sealed.format(ChunkKey.of('k'.repeat(1021)))).toHaveLength(1024);
    expect(sealed.format(ChunkKey.of('k'.repeat(1022)))).toBeUndefined();
    expect(sealed.format(ChunkKey.of(`${'k'.repeat(1020)}/`))).toBeUndefined();
    expect(new S3ObjectNames('', 'lmcache-mp', 255).format(ChunkKey.of('я'.repeat(128)))).toBeUndefined();
  });
});
