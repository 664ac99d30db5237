import { describe, expect, it } from '@jest/globals';
import { traitsOf } from '../../../../../test/support/policy-model.js';
import { GhostTable } from './ghost-table.js';

describe('GhostTable', () => {
  it('gives back the note of a ghost once', () => {
    const table = new GhostTable(1_000);
    for (let name = 0; name < 300; name++) {
      const { digest } = traitsOf(name);
      table.put(digest[0], digest[1], name);
    }
    for (let name = 0; name < 300; name++) {
      const { digest } = traitsOf(name);
      expect(table.take(digest[0], digest[1])).toBe(name);
      expect(table.take(digest[0], digest[1])).toBe(-1);
    }
  });

  it('takes next to nothing for a ghost that is none', () => {
    const table = new GhostTable(10_000);
    for (let name = 0; name < 10_000; name++) {
      const { digest } = traitsOf(name);
      table.put(digest[0], digest[1], 1);
    }
    let mistakes = 0;
    for (let name = 20_000; name < 40_000; name++) {
      const { digest } = traitsOf(name);
      if (table.take(digest[0], digest[1]) !== -1) mistakes++;
    }
    expect(mistakes).toBeLessThan(10);
  });

  it('forgets the oldest of a set that is full', () => {
    const table = new GhostTable(1);
    for (let i = 1; i <= 20; i++) table.put(5, i << 14, i);
    const notes = Array.from({ length: 20 }, (_, i) => table.take(5, (i + 1) << 14));
    expect(notes).toEqual([-1, -1, -1, -1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });
});
