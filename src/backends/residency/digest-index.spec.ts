import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { batchOf } from '../../../test/contracts/chunks/batch-of.js';
import { describeWithPeer } from '../../../test/support/peer.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { loadNative } from '../../arena/native/load-native.js';
import { ChunkKey, type KeyDigest } from '../../protocols/chunk-key/chunk-key.js';
import { DigestIndex } from './digest-index.js';

const any = (): boolean => true;

/** A digest spread over the whole range by a number. */
function digest(n: number): KeyDigest {
  return { d0: Math.imul(n + 1, 0x9e3779b1) >>> 0, d1: n, d2: 7, d3: 9 };
}

function scanAll(index: DigestIndex, limit: number, betweenPages: () => void = () => undefined): number[] {
  const found: number[] = [];
  let cursor = 0;
  do {
    cursor = index.scan(cursor, limit, found);
    betweenPages();
  } while (cursor !== 0);
  return found;
}

describe('DigestIndex', () => {
  it('finds every key after many splits', () => {
    const index = new DigestIndex();
    for (let n = 0; n < 50_000; n++) index.insert(digest(n), n);
    expect(index.size).toBe(50_000);
    let wrong = 0;
    for (let n = 0; n < 50_000; n++) if (index.find(digest(n), any) !== n) wrong++;
    expect(wrong).toBe(0);
    expect(index.find(digest(50_001), any)).toBe(-1);
  });

  it('finds every key when some parts of the digest space are much fuller than others', () => {
    const index = new DigestIndex();
    const dense = (n: number): KeyDigest => ({ ...digest(n), d0: digest(n).d0 >>> 8 });
    const rest = (n: number): KeyDigest => ({ ...digest(n), d0: (digest(n).d0 | 0x80000000) >>> 0 });
    for (let n = 0; n < 5_000; n++) index.insert(dense(n), n);
    for (let n = 5_000; n < 20_000; n++) index.insert(rest(n), n);
    let wrong = 0;
    for (let n = 0; n < 20_000; n++) if (index.find(n < 5_000 ? dense(n) : rest(n), any) !== n) wrong++;
    expect(wrong).toBe(0);
    expect(scanAll(index, 100)).toHaveLength(20_000);
  });

  it('behaves as a map under any sequence of inserts and removals', () => {
    const step = fc.record({ insert: fc.boolean(), n: fc.nat(40), home: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const index = new DigestIndex();
        const model = new Map<number, KeyDigest>();
        for (const { insert, n, home } of steps) {
          // Few homes at the end of a segment: probes collide and wrap around.
          const key = { d0: ((n * 1024 + 1020 + home) << 3) >>> 0, d1: n, d2: home, d3: 0 };
          if (insert && !model.has(n)) {
            index.insert(key, n);
            model.set(n, key);
          } else if (!insert) expect(index.remove(n)).toBe(model.delete(n));
        }
        expect(index.size).toBe(model.size);
        for (const [n, key] of model) expect(index.find(key, any)).toBe(n);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('keeps removed places usable: a full turnover needs no more memory', () => {
    const index = new DigestIndex();
    for (let n = 0; n < 5_000; n++) index.insert(digest(n), n);
    const before = index.allocatedBytes;
    for (let n = 5_000; n < 100_000; n++) {
      index.remove(n % 5_000);
      index.insert(digest(n), n % 5_000);
    }
    expect(index.size).toBe(5_000);
    expect(index.allocatedBytes).toBe(before);
    expect(index.find(digest(99_999), any)).toBe(4_999);
    expect(index.find(digest(4_999), any)).toBe(-1);
  });

  it('tells keys with equal digests apart by what matches', () => {
    const index = new DigestIndex();
    const names = ['a', 'b', 'c'];
    const keyOf = (name: string): KeyDigest & { name: string } => ({ ...digest(1), name });
    const matches = (entry: number, key: { name: string }): boolean => names[entry] === key.name;
    names.forEach((name, entry) => index.insert(keyOf(name), entry));
    expect(names.map((name) => index.find(keyOf(name), matches))).toEqual([0, 1, 2]);
    index.remove(1);
    expect(names.map((name) => index.find(keyOf(name), matches))).toEqual([0, -1, 2]);
  });

  it('compares the whole digest, not only the word that places it', () => {
    const index = new DigestIndex();
    index.insert({ d0: 5, d1: 1, d2: 1, d3: 1 }, 3);
    for (const other of [
      { d0: 5, d1: 2, d2: 1, d3: 1 },
      { d0: 5, d1: 1, d2: 2, d3: 1 },
      { d0: 5, d1: 1, d2: 1, d3: 2 },
    ])
      expect(index.find(other, any)).toBe(-1);
  });

  it('refuses with a typed error when hundreds of keys agree in their first word, and keeps the others', () => {
    const index = new DigestIndex();
    const alike = (n: number): KeyDigest => ({ d0: 0xffffffff, d1: n, d2: 0, d3: 0 });
    let inserted = 0;
    const flood = (): void => {
      for (; inserted < 2_000; inserted++) index.insert(alike(inserted), inserted);
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'KV_INDEX_FULL' }));
    expect(inserted).toBe(1_023);
    expect(index.find(alike(1_022), any)).toBe(1_022);
    expect(index.find(alike(1_023), any)).toBe(-1);
  });

  it('removes only what is there', () => {
    const index = new DigestIndex();
    index.insert(digest(0), 0);
    expect(index.remove(1)).toBe(false);
    expect(index.remove(99_999)).toBe(false);
    expect(index.remove(0)).toBe(true);
    expect(index.remove(0)).toBe(false);
    expect(index.size).toBe(0);
  });
});

describe('DigestIndex.scan', () => {
  it.each([1, 10, 5_000])('returns each entry once, in pages of %i', (limit) => {
    const index = new DigestIndex();
    for (let n = 0; n < 3_000; n++) index.insert(digest(n), n);
    expect(scanAll(index, limit).sort((a, b) => a - b)).toEqual([...Array(3_000).keys()]);
  });

  it('honours the page size', () => {
    const index = new DigestIndex();
    for (let n = 0; n < 3_000; n++) index.insert(digest(n), n);
    const page: number[] = [];
    index.scan(0, 10, page);
    expect(page).toHaveLength(10);
  });

  it('returns what is there all the time while segments split and keys come and go', () => {
    const index = new DigestIndex();
    for (let n = 0; n < 4_000; n++) index.insert(digest(n), n);
    let next = 4_000;
    const found = scanAll(index, 100, () => {
      if (next >= 30_000) return;
      for (let i = 0; i < 1_000; i++, next++) index.insert(digest(next), next);
      for (let i = 0; i < 20; i++) index.remove(3_000 + ((next + i * 50) % 1_000));
    });
    const seen = new Set(found);
    const stayed = [...Array(3_000).keys()];
    expect(stayed.filter((n) => !seen.has(n))).toEqual([]);
    expect(seen.size).toBe(found.length);
  });

  it('keeps keys with an equal first word on one page', () => {
    const index = new DigestIndex();
    for (let n = 0; n < 50; n++) index.insert({ d0: 77, d1: n, d2: 0, d3: 0 }, n);
    expect(scanAll(index, 7)).toHaveLength(50);
  });

  it('reaches the end of an index that was emptied', () => {
    const index = new DigestIndex();
    for (let n = 0; n < 100_000; n++) index.insert(digest(n), n);
    for (let n = 0; n < 100_000; n++) index.remove(n);
    expect(scanAll(index, 10)).toEqual([]);
  });

  it.each([-1, 0.5, 2 ** 32, 2 ** 40, NaN])('takes cursor %d, which it never gave, for the end', (cursor) => {
    const index = new DigestIndex();
    index.insert(digest(0), 0);
    const page: number[] = [];
    expect(index.scan(cursor, 10, page)).toBe(0);
    expect(page).toEqual([]);
  });
});

describe.each([
  ['natively', describeWithPeer(loadNative().reason), true],
  ['in TypeScript', describe, false],
] as const)('DigestIndex.findDigests %s', (_, describeIt, useAddon) => {
  describeIt('as find', () => {
    it('finds many keys of any length at once, while the index grows and shrinks', () => {
      const random = new SeededRandom(11);
      const index = new DigestIndex(useAddon);
      const keys = Array.from({ length: 20_000 }, (_, n) =>
        ChunkKey.of(`${n}${'x'.repeat(random.below(70))}`, 3),
      );
      const entries = new Int32Array(300);
      for (let n = 0; n < keys.length; n++) {
        index.insert(keys[n]!, n);
        if (n % 3 === 0) index.remove(random.below(n + 1));
        if (n % 250 !== 0) continue;
        const asked = Array.from({ length: 300 }, () => keys[random.below(keys.length)]!);
        index.findDigests(batchOf(asked), entries);
        expect([...entries]).toEqual(asked.map((key) => index.find(key, any)));
      }
      expect(index.size).toBeGreaterThan(10_000);
    });

    it('tells namespaces apart, and knows no key before there is one', () => {
      const index = new DigestIndex(useAddon);
      const entries = new Int32Array(2);
      const ask = (namespace: number): number[] => {
        index.findDigests(batchOf([ChunkKey.of('a', namespace), ChunkKey.of('', namespace)]), entries);
        return [...entries];
      };
      expect(ask(1)).toEqual([-1, -1]);
      index.insert(ChunkKey.of('a', 1), 5);
      index.insert(ChunkKey.of('', 1), 6);
      expect([ask(1), ask(2)]).toEqual([
        [5, 6],
        [-1, -1],
      ]);
    });
  });
});
