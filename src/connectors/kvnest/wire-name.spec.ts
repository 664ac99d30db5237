import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChunkKey, MAX_KEY_BYTES } from '../../protocols/chunk-key/chunk-key.js';
import { keyOfWireName, wireName } from './wire-name.js';

const nameOf = (text: string): string | undefined => wireName(ChunkKey.of(text, 3))?.toString();

describe('the name of a key on the wire', () => {
  it.each(['org/model@1@0@ab@bfloat16', 'kvnest', 'KVNEST:', '\u0000'])('is %j itself', (text) => {
    expect(nameOf(text)).toBe(text);
  });

  it.each([
    ['', 'kvnest:'],
    ['kvnest:', 'kvnest:6b766e6573743a'],
    ['kvnest:6b766e6573743a', `kvnest:${Buffer.from('kvnest:6b766e6573743a').toString('hex')}`],
  ])('is for %j another one', (text, name) => {
    expect(nameOf(text)).toBe(name);
  });

  it('is none where it would be longer than a key may be', () => {
    const longest = (MAX_KEY_BYTES - 8) / 2;
    expect(nameOf('kvnest:'.padEnd(longest, 'x'))).toHaveLength(MAX_KEY_BYTES - 1);
    expect(nameOf('kvnest:'.padEnd(longest + 1, 'x'))).toBeUndefined();
    expect(nameOf('k'.repeat(MAX_KEY_BYTES))).toHaveLength(MAX_KEY_BYTES);
  });

  it('is read back, and different keys have different ones', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some)),
      fc.string({ maxLength: 20 }).map((text) => Buffer.from(`kvnest:${text}`)),
      fc
        .uint8Array({ maxLength: 9 })
        .map((some) => Buffer.from(`kvnest:${Buffer.from(some).toString('hex')}`)),
    );
    fc.assert(
      fc.property(bytes, fc.nat(9), (given, namespace) => {
        const key = new ChunkKey(given, namespace);
        expect(keyOfWireName(wireName(key)!, namespace)?.id).toBe(key.id);
        // What somebody else put under a name that is never given is not a key that would be found under another.
        const other = given.length === 0 ? undefined : keyOfWireName(given, namespace);
        if (other !== undefined) expect(wireName(other)).toEqual(given);
      }),
    );
  });

  it.each(['kvnest:x', 'kvnest:6', 'kvnest:61', 'kvnest:6B766E6573743A'])('is never %j', (name) => {
    expect(keyOfWireName(Buffer.from(name), 0)).toBeUndefined();
  });
});
