import { describe, expect, it } from '@jest/globals';
import { FILTER_BLOCK_BYTES, KeyFilter } from './key-filter.js';
import { hashKey, type KeyHash } from './key-hash.js';

const BITS_PER_KEY = 12;
const KEYS = 20_000;

function hashOf(index: number, namespace = 0): KeyHash {
  return hashKey(
    Buffer.from(`meta-llama/Llama-3.1-8B@1@0@${index.toString(16).padStart(64, '0')}`),
    namespace,
  );
}

describe('hashKey', () => {
  it('is MurmurHash3, twice', () => {
    expect(hashKey(Buffer.from('hello'), 0).first).toBe(0x248bfa47);
    const fox = Buffer.from('The quick brown fox jumps over the lazy dog');
    expect(hashKey(fox, 0).second).toBe(0x2fa826cd);
    expect(hashKey(Buffer.alloc(0), 1).first).toBe(0x514e28b7);
  });

  it('depends on the namespace', () => {
    expect(hashOf(1, 1)).not.toEqual(hashOf(1, 2));
  });
});

describe('KeyFilter', () => {
  it('has every key that was added, and of the others at 12 bits a key fewer than one of a hundred', () => {
    const blocks = Math.ceil((KEYS * BITS_PER_KEY) / 8 / FILTER_BLOCK_BYTES);
    const filter = new KeyFilter(Buffer.alloc(blocks * FILTER_BLOCK_BYTES));
    for (let i = 0; i < KEYS; i++) filter.add(hashOf(i));
    let found = 0;
    let wrong = 0;
    for (let i = 0; i < KEYS; i++) {
      if (filter.mayHave(hashOf(i))) found++;
      if (filter.mayHave(hashOf(KEYS + i))) wrong++;
    }
    expect(found).toBe(KEYS);
    expect(wrong / KEYS).toBeLessThan(0.01);
  });

  it('of one block has what was added, and is empty before', () => {
    const filter = new KeyFilter(Buffer.alloc(FILTER_BLOCK_BYTES));
    expect(filter.mayHave(hashOf(1))).toBe(false);
    filter.add(hashOf(1));
    expect(filter.mayHave(hashOf(1))).toBe(true);
  });
});
