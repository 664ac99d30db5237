import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { digest128 } from './digest.js';

const SOAK = process.env['KVNEST_SOAK'] === '1';
const KEYS = SOAK ? 4_000_000 : 100_000;
const TIMEOUT_MS = SOAK ? 1_800_000 : 60_000;
const HASH = '7e3eff9ef7613a50340eb12677ee03b83ac759fcba9bb32705f07248d56d473b';

/** Keys as alike as real ones are, and more. */
const FAMILIES: Readonly<Record<string, (i: number) => string>> = {
  'a counter as hash': (i) => `Qwen/Qwen3-8B@01000100@0@${i.toString(16).padStart(64, '0')}`,
  'a short counter': (i) => `m@1@0@${i.toString(16)}@half`,
  'a counter in front': (i) => `${i}@01000100@0@${HASH}`,
  'a counter behind': (i) => `Qwen/Qwen3-8B@01000100@0@${HASH}@${i}`,
};

/** How many of the numbers occurred before. */
function repeats(numbers: Float64Array): number {
  numbers.sort();
  let count = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] === numbers[i - 1]) count++;
  return count;
}

describe('digest128', () => {
  it.each(Object.keys(FAMILIES))(
    'spreads keys with %s like random numbers',
    (name) => {
      const key = FAMILIES[name]!;
      const single = [0, 1, 2, 3].map(() => new Float64Array(KEYS));
      const pairs = [0, 1].map(() => new Float64Array(KEYS));
      for (let i = 0; i < KEYS; i++) {
        const digest = digest128(Buffer.from(key(i)), 0);
        for (let w = 0; w < 4; w++) single[w]![i] = digest[w]!;
        pairs[0]![i] = digest[0]! * 2 ** 20 + (digest[1]! >>> 12);
        pairs[1]![i] = digest[2]! * 2 ** 20 + (digest[3]! >>> 12);
      }
      const expected = KEYS ** 2 / 2 ** 33;
      for (const words of single)
        expect(repeats(words)).toBeLessThan(expected + 10 * Math.sqrt(expected) + 10);
      for (const words of pairs) expect(repeats(words)).toBeLessThanOrEqual(1);
    },
    TIMEOUT_MS,
  );

  it.each([1, 5, 16, 19, 40])('changes every bit with half of the flips of any bit of %d bytes', (length) => {
    const random = new SeededRandom(length);
    const trials = 256;
    const changes = new Uint32Array(length * 8 * 128);
    for (let trial = 0; trial < trials; trial++) {
      const key = random.bytes(length);
      const before = [...digest128(key, trial)];
      for (let bit = 0; bit < length * 8; bit++) {
        key[bit >> 3]! ^= 1 << (bit & 7);
        countChanges(changes, bit * 128, before, [...digest128(key, trial)]);
        key[bit >> 3]! ^= 1 << (bit & 7);
      }
    }
    expect(changes.reduce((most, count) => Math.max(most, count))).toBeLessThan(0.8 * trials);
    expect(changes.reduce((least, count) => Math.min(least, count))).toBeGreaterThan(0.2 * trials);
  });

  it('tells namespaces, and keys that end in zero bytes, apart', () => {
    const texts: [string, number][] = [
      ['key', 0],
      ['key', 1],
      ['key\0', 0],
      ['key\0\0', 0],
      ['', 0],
    ];
    const digests = texts.map(([text, namespace]) => digest128(Buffer.from(text), namespace).join());
    expect(new Set(digests).size).toBe(5);
  });
});

function countChanges(
  changes: Uint32Array,
  at: number,
  before: readonly number[],
  after: readonly number[],
): void {
  for (let w = 0; w < 4; w++) {
    const difference = before[w]! ^ after[w]!;
    for (let bit = 0; bit < 32; bit++) changes[at + 32 * w + bit]! += (difference >>> bit) & 1;
  }
}
