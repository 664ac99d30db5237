import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IndexSet } from './index-set.js';

const make = (size: number): IndexSet => new IndexSet(new Int32Array(IndexSet.wordsFor(size)), size);

describe('IndexSet', () => {
  it.each([1, 31, 32, 33, 1024, 1025, 32_768, 40_000])('finds the only member of %i', (size) => {
    const set = make(size);
    for (const member of new Set([0, size >> 1, size - 1])) {
      set.add(member);
      expect([set.has(member), set.ceiling(0), set.floor(size - 1)]).toEqual([true, member, member]);
      expect(set.ceiling(size - 1)).toBe(member === size - 1 ? member : -1);
      expect(set.ceiling(member + 1)).toBe(-1);
      expect(set.floor(member - 1)).toBe(-1);
      set.delete(member);
      expect([set.has(member), set.ceiling(0), set.floor(size - 1)]).toEqual([false, -1, -1]);
    }
  });

  it('agrees with a sorted array', () => {
    const size = 3000;
    const index = fc.integer({ min: 0, max: size - 1 });
    fc.assert(
      fc.property(
        fc.array(index, { maxLength: 200 }),
        fc.array(index),
        fc.array(index),
        (added, removed, asked) => {
          const set = make(size);
          for (const member of added) set.add(member);
          for (const member of removed) set.delete(member);
          const members = [...new Set(added)].filter((m) => !removed.includes(m)).sort((a, b) => a - b);
          for (const at of asked) {
            expect(set.has(at)).toBe(members.includes(at));
            expect(set.ceiling(at)).toBe(members.find((m) => m >= at) ?? -1);
            expect(set.floor(at)).toBe(members.findLast((m) => m <= at) ?? -1);
          }
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});
