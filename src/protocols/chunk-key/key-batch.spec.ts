import { describe, expect, it } from '@jest/globals';
import { batchOf } from '../../../test/contracts/chunks/batch-of.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { ChunkKey } from './chunk-key.js';
import { DIGEST_WORDS, KeyBatch } from './key-batch.js';

describe('KeyBatch', () => {
  const random = new SeededRandom(7);
  const keys = Array.from({ length: 300 }, (_, i) => new ChunkKey(random.bytes(i % 67), 5));

  it('has the digests that the keys have, however many and wherever they lie', () => {
    const batch = batchOf(keys);
    expect(batch.length).toBe(300);
    keys.forEach(({ d0, d1, d2, d3 }, i) => {
      const at = i * DIGEST_WORDS;
      expect([...batch.digests.subarray(at, at + DIGEST_WORDS)]).toEqual([d0, d1, d2, d3]);
      expect(batch.lengthOf(i)).toBe(keys[i]!.bytes.length);
    });
  });

  it('makes keys that last', () => {
    const source = Buffer.from('abcdef');
    const batch = new KeyBatch();
    batch.reset(source, 3);
    batch.add(1, 3);
    const key = batch.key(0);
    source.fill(0);
    batch.reset(Buffer.from('other'), 0);
    expect(key.equals(ChunkKey.of('bcd', 3))).toBe(true);
    expect(key.d0).toBe(ChunkKey.of('bcd', 3).d0);
    expect(batch.length).toBe(0);
  });

  it('compares every byte of a key', () => {
    const batch = batchOf(keys);
    keys.forEach(({ bytes }, i) => {
      const other = Buffer.concat([random.bytes(3), bytes, random.bytes(3)]);
      const view = new DataView(other.buffer, other.byteOffset, other.length);
      expect(batch.isAt(i, view, 3)).toBe(true);
      for (let at = 3; at < 3 + bytes.length; at++) {
        other[at]! ^= 1 << random.below(8);
        expect(batch.isAt(i, view, 3)).toBe(false);
        bytes.copy(other, 3);
      }
    });
  });
});
