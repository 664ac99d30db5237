import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { digestNames, keyName } from './key-names.js';

describe('names of keys in traces', () => {
  it('are equal for equal keys alone, and are not the digest', () => {
    const names = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const key = ChunkKey.of(`chunk ${i}`);
      const name = keyName(key);
      expect(name).toBe(keyName(ChunkKey.of(`chunk ${i}`)));
      expect(name).not.toContain(key.d0.toString(16));
      names.add(name);
    }
    expect(names.size).toBe(20_000);
  });

  it('differ where any of the four words does', () => {
    const words = [1, 2, 3, 4];
    const nameOf = ([d0 = 0, d1 = 0, d2 = 0, d3 = 0]: readonly number[]): string =>
      keyName({ d0, d1, d2, d3 });
    const changed = words.map((_, index) => nameOf(words.with(index, 9)));
    expect(new Set([nameOf(words), ...changed]).size).toBe(5);
  });

  it('are the same for many at a time', () => {
    const digests = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 0xffffffff, 99, 99);
    expect(digestNames(digests, 2)).toEqual([
      keyName({ d0: 1, d1: 2, d2: 3, d3: 4 }),
      keyName({ d0: 5, d1: 6, d2: 7, d3: 0xffffffff }),
    ]);
  });
});
