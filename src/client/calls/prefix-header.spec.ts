import { describe, expect, it } from '@jest/globals';
import { prefixHash, prefixIdentity, tokenBytes } from './prefix-header.js';

const TOKENS = tokenBytes(Array.from({ length: 12 }, (_, i) => i));

describe('where a prefix lies', () => {
  const plain = prefixIdentity({}, 'model');

  it('depends on whose it is, and not on what is said of defaults', () => {
    const hash = prefixHash(plain, TOKENS, 4);
    const said = {
      worldSize: 1,
      workerId: 0,
      localWorldSize: 1,
      localRank: 0,
      objectGroupId: 0,
      dtype: 'bfloat16',
      cacheSalt: '',
    };
    expect(prefixHash(prefixIdentity(said, 'model'), TOKENS, 4)).toBe(hash);
    for (const other of [{ model: 'other' }, { workerId: 1 }, { dtype: 'float16' }, { cacheSalt: 'tenant' }])
      expect(prefixHash(prefixIdentity(other, 'model'), TOKENS, 4)).not.toBe(hash);
  });

  it('depends on the first chunk only', () => {
    const longer = tokenBytes([0, 1, 2, 3, 99, 99, 99, 99, 99]);
    const other = tokenBytes([0, 1, 2, 4]);
    expect(prefixHash(plain, longer, 4)).toBe(prefixHash(plain, TOKENS, 4));
    expect(prefixHash(plain, other, 4)).not.toBe(prefixHash(plain, TOKENS, 4));
  });
});

describe('tokens', () => {
  it.each([[[1, 2 ** 32 - 1]], [Uint32Array.of(1, 2 ** 32 - 1)], [Float64Array.of(1, 2 ** 32 - 1)]])(
    'go over the wire as little-endian u32: %p',
    (tokens) => {
      expect(tokenBytes(tokens).toString('hex')).toBe('01000000ffffffff');
    },
  );

  it.each([[[-1]], [[2 ** 32]], [[0.5]], [[Number.NaN]], [['1'] as never]])(
    '%p are KV_CLIENT_INPUT',
    (tokens) => {
      expect(() => tokenBytes(tokens)).toThrow(expect.objectContaining({ code: 'KV_CLIENT_INPUT' }));
    },
  );
});
