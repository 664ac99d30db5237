import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../../../test/support/seeded-random.js';
import { BurstLists } from './burst-lists.js';

interface Burst {
  readonly kind: number;
  readonly beganAt: number;
  readonly entries: number[];
}

/** Arrays of arrays: the bursts of all kinds in the order in which they began. */
class BurstModel {
  readonly depths = new Map<number, number>();
  bursts: Burst[] = [];
  readonly #open = new Map<number, Burst>();
  #lastDepth = -1;

  add(entry: number, kind: number, now: number): void {
    const depth = this.depths.get(entry) ?? -1;
    const isNeighbour = depth !== -1 && this.#lastDepth !== -1 && Math.abs(depth - this.#lastDepth) === 1;
    if (!isNeighbour) this.#open.clear();
    this.#lastDepth = depth;
    const open = this.#open.get(kind);
    if (open !== undefined && this.bursts.includes(open)) {
      open.entries.push(entry);
      return;
    }
    const burst = { kind, beganAt: now, entries: [entry] };
    this.bursts.push(burst);
    this.#open.set(kind, burst);
  }

  remove(entry: number): void {
    const burst = this.burstOf(entry);
    burst?.entries.splice(burst.entries.indexOf(entry), 1);
    this.bursts = this.bursts.filter(({ entries }) => entries.length > 0);
  }

  burstOf(entry: number): Burst | undefined {
    return this.bursts.find(({ entries }) => entries.includes(entry));
  }
}

/** A prefix of chunks 0, 1, …; their numbers are their depths. */
function prefix(lists: BurstLists, depths: readonly number[], kind = 0, now = 1): void {
  for (const depth of depths) {
    lists.setDepth(depth, depth);
    lists.add(depth, kind, now);
  }
}

describe('BurstLists', () => {
  it('keeps the bursts that arrays of arrays do', () => {
    const random = new SeededRandom(21);
    const lists = new BurstLists(2);
    const model = new BurstModel();
    for (let now = 1; now < 20_000; now++) {
      const entry = random.below(40);
      if (lists.burstOf(entry) !== -1) {
        lists.remove(entry);
        model.remove(entry);
      } else {
        const kind = random.below(2);
        const depth = now % 4 === 0 ? random.below(8) - 1 : ((model.depths.get(entry) ?? 0) % 6) + 1;
        lists.setDepth(entry, depth);
        model.depths.set(entry, depth);
        lists.add(entry, kind, now);
        model.add(entry, kind, now);
      }
      const probe = random.below(40);
      const burst = lists.burstOf(probe);
      const expected = model.burstOf(probe);
      expect(burst === -1 ? undefined : [lists.kindOf(burst), lists.beganAt(burst)]).toEqual(
        expected && [expected.kind, expected.beganAt],
      );
      for (const kind of [0, 1]) {
        const ofKind = model.bursts.filter((each) => each.kind === kind);
        const ends = [lists.oldest(kind), lists.newest(kind)];
        expect(ends.map((end) => (end === -1 ? undefined : lists.beganAt(end)))).toEqual([
          ofKind[0]?.beganAt,
          ofKind.at(-1)?.beganAt,
        ]);
      }
    }
  });

  it.each([[[0, 1, 2, 3]], [[3, 2, 1, 0]]])(
    'finds the deepest of %j, and the next when that is gone',
    (depths) => {
      const lists = new BurstLists(1);
      prefix(lists, depths);
      expect(lists.deepest(lists.oldest(0))).toBe(3);
      lists.remove(3);
      expect(lists.deepest(lists.oldest(0))).toBe(2);
    },
  );

  it.each([
    ['from its beginning', [0, 1], [2, 3]],
    ['from its end', [3, 2], [1, 0]],
  ])('finds the end of a prefix of two kinds, read %s', (_, first, second) => {
    const lists = new BurstLists(2);
    prefix(lists, first, 0);
    prefix(lists, second, 1);
    expect([lists.oldest(0), lists.oldest(1)].map((burst) => lists.deepest(burst))).toEqual([3, 3]);
  });

  it('finds what follows on a prefix by its parent', () => {
    const lists = new BurstLists(1);
    prefix(lists, [1, 0]);
    lists.setDepth(2, 2);
    lists.add(2, 0, 5, 1);
    expect(lists.deepest(lists.oldest(0))).toBe(2);
    lists.remove(2);
    expect(lists.deepest(lists.oldest(0))).toBe(1);
  });

  it('knows what comes behind a chunk that is gone again', () => {
    const lists = new BurstLists(1);
    prefix(lists, [0, 1]);
    lists.setDepth(2, 2);
    expect(lists.isOrphan(2)).toBe(false);
    lists.remove(1);
    expect(lists.isOrphan(2)).toBe(true);
    lists.setDepth(5, 0);
    expect(lists.isOrphan(5)).toBe(false);
  });

  it('has no burst and no link left when all is gone', () => {
    const lists = new BurstLists(2);
    prefix(lists, [0, 1, 2], 0);
    prefix(lists, [3, 4], 1);
    for (const entry of [3, 4]) lists.remove(entry);
    expect(lists.deepest(lists.oldest(0))).toBe(2);
    for (const entry of [0, 1, 2]) lists.remove(entry);
    expect([lists.oldest(0), lists.newest(0), lists.oldest(1)]).toEqual([-1, -1, -1]);
  });
});
