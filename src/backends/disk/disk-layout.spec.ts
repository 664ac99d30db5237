import { describe, expect, it } from '@jest/globals';
import { planLayout } from './disk-layout.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

describe('planLayout', () => {
  it.each([MIB, 7 * MIB + 123, GIB, 10 * GIB, 500 * GIB, 30 * TIB])(
    'stays inside %d bytes and wastes little',
    (capacity) => {
      const { blockBytes, blocks, journalBytes } = planLayout(capacity);
      const planned = blocks * blockBytes + journalBytes;
      expect(planned).toBeLessThan(capacity);
      expect(planned).toBeGreaterThan(capacity * 0.92);
      expect(blocks).toBeLessThanOrEqual(2 ** 22);
    },
  );

  it('takes larger blocks on larger disks', () => {
    expect(
      [GIB, 10 * GIB, 40 * GIB, 200 * GIB, 900 * GIB, 4 * TIB].map((bytes) => planLayout(bytes).blockBytes),
    ).toEqual([4096, 16 * 1024, 64 * 1024, 64 * 1024, 256 * 1024, MIB]);
  });

  it('keeps the blocks of a store that is there, unless its tables would grow too large', () => {
    expect(planLayout(12 * GIB, undefined, 4096).blockBytes).toBe(4096);
    expect(planLayout(GIB, undefined, 64 * 1024).blockBytes).toBe(64 * 1024);
    expect(planLayout(900 * GIB, undefined, 4096).blockBytes).toBe(256 * 1024);
  });

  it('gives the index what it is told to', () => {
    expect(planLayout(GIB, 100 * MIB).journalBytes).toBe(100 * MIB);
  });

  it.each([
    ['for anything', 100_000, undefined],
    ['beside the index', 10 * MIB, 10 * MIB],
  ])('refuses a capacity without room %s', (_, capacity, indexBytes) => {
    expect(() => planLayout(capacity, indexBytes)).toThrow(
      expect.objectContaining({ code: 'KV_DISK_CAPACITY' }),
    );
  });
});
