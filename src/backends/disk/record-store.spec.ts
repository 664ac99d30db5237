import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { RecordStore } from './record-store.js';

const SLAB_BYTES = 64 * 1024;

function write(store: RecordStore, bytes: number, value: number): number {
  const reference = store.allocate(bytes);
  const at = store.offsetOf(reference);
  store.slabOf(reference).fill(value, at, at + bytes);
  return reference;
}

describe('RecordStore', () => {
  it('keeps every record apart from all others, whatever comes and goes', () => {
    const store = new RecordStore();
    const random = new SeededRandom(8);
    const kept: { reference: number; bytes: number; value: number }[] = [];
    for (let step = 0; step < 5_000; step++) {
      if (kept.length > 0 && random.chance(0.45)) {
        const [{ reference, bytes, value }] = kept.splice(random.below(kept.length), 1) as [(typeof kept)[0]];
        const at = store.offsetOf(reference);
        const content = store.slabOf(reference).subarray(at, at + bytes);
        expect(content.equals(Buffer.alloc(bytes, value))).toBe(true);
        store.free(reference);
      } else {
        const bytes = 1 + random.below(random.chance(0.1) ? 40 * 1024 : 300);
        const value = random.below(256);
        kept.push({ reference: write(store, bytes, value), bytes, value });
      }
    }
  });

  it('uses the memory of records that are gone for records of another size', () => {
    const store = new RecordStore();
    for (let round = 0; round < 20; round++) {
      const references = Array.from({ length: 1_000 }, () => write(store, 100 + 50 * round, round));
      for (const reference of references) store.free(reference);
    }
    expect(store.allocatedBytes).toBeLessThanOrEqual(1_100_000 + 20 * SLAB_BYTES);
  });

  it('takes little more than the records themselves', () => {
    const store = new RecordStore();
    for (let i = 0; i < 10_000; i++) write(store, 190, 1);
    expect(store.allocatedBytes).toBeLessThan(10_000 * 195 + SLAB_BYTES);
  });
});
