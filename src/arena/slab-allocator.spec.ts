import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PageAllocator } from './page-allocator.js';
import { MAX_SHARED_BYTES, SIZE_CLASS_COUNT, slotBytesOf } from './size-class.js';
import { SlabAllocator, slabFootprint } from './slab-allocator.js';

const PAGE = 4096;

function make(pageCount: number): { pages: PageAllocator; slabs: SlabAllocator } {
  const pages = new PageAllocator(pageCount);
  // One page in front of the data, as in an arena.
  const buffer = new ArrayBuffer((pageCount + 1) * PAGE);
  return { pages, slabs: new SlabAllocator(buffer, PAGE, pages, new Int32Array(SIZE_CLASS_COUNT)) };
}

describe('SlabAllocator', () => {
  it('never hands out a byte twice, and gives every page back', () => {
    const pageCount = 120;
    const step = fc.record({
      bytes: fc.oneof(
        fc.constant(70),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: MAX_SHARED_BYTES }),
      ),
      free: fc.boolean(),
      at: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { pages, slabs } = make(pageCount);
        const live: { slab: number; offset: number; bytes: number }[] = [];
        for (const { bytes, free, at } of steps) {
          if (free && live.length > 0) {
            const [gone] = live.splice(at % live.length, 1);
            slabs.free(gone!.slab, gone!.offset);
            continue;
          }
          const place = slabs.allocate(bytes);
          if (place === undefined) continue;
          const taken = { ...place, bytes: slabFootprint(bytes) };
          expect(taken.offset % 64).toBe(0);
          expect(taken.offset + taken.bytes).toBeLessThanOrEqual((pageCount + 1) * PAGE);
          const overlap = live.some(
            (other) => other.offset < taken.offset + taken.bytes && taken.offset < other.offset + other.bytes,
          );
          expect(overlap).toBe(false);
          live.push(taken);
        }
        for (const { slab, offset } of live) slabs.free(slab, offset);
        expect(pages.largestRunPages).toBe(pageCount);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it('loses little to headers and tails in every class', () => {
    for (let sizeClass = 0; sizeClass < SIZE_CLASS_COUNT; sizeClass++) {
      const { pages, slabs } = make(4000);
      const bytes = slotBytesOf(sizeClass);
      const before = pages.freePages;
      let slots = 0;
      for (; slots * bytes < 600 * PAGE; slots++) slabs.allocate(bytes);
      expect((slots * bytes) / ((before - pages.freePages) * PAGE)).toBeGreaterThan(0.9);
    }
  });

  it('makes do with a smaller slab when pages are scattered', () => {
    const { pages, slabs } = make(64);
    const all = Array.from({ length: 64 }, () => pages.allocate(1));
    for (const page of all) if (page % 2 === 0) pages.free(page);
    expect(slabs.allocate(2048)).toBeDefined();
    expect(slabs.allocate(MAX_SHARED_BYTES)).toBeUndefined();
  });

  it('uses a freed slot of a full slab again', () => {
    const { pages, slabs } = make(64);
    const perPage = (PAGE - 64) / 64;
    const places = Array.from({ length: perPage }, () => slabs.allocate(64)!);
    expect(pages.freePages).toBe(63);
    slabs.free(places[17]!.slab, places[17]!.offset);
    expect(slabs.allocate(64)).toEqual(places[17]);
    expect(slabs.allocate(64)!.slab).not.toBe(places[17]!.slab);
  });
});
