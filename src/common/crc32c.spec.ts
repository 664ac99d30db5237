import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SeededRandom } from '../../test/support/seeded-random.js';
import { combineCrc32c, crc32c } from './crc32c.js';
import { loadNative } from '../arena/native/load-native.js';

/** One bit at a time, from the definition. */
function bitwise(bytes: Uint8Array, previous: number): number {
  let crc = ~previous;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

const variants = { typescript: crc32c, ...loadNative().addon?.crc32cVariants };

describe.each(Object.entries(variants))('CRC-32C, %s', (_, compute) => {
  const bytes = new SeededRandom(5).bytes(120_000);

  it('agrees with the definition at every length and address', () => {
    const start = fc.integer({ min: 0, max: 70 });
    const length = fc.oneof(fc.integer({ min: 0, max: 1100 }), fc.integer({ min: 0, max: 30_000 }));
    fc.assert(
      fc.property(start, length, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (from, count, previous) => {
        const part = bytes.subarray(from, from + count);
        expect(compute(part, previous)).toBe(bitwise(part, previous));
      }),
      { seed: 6, numRuns: 150 },
    );
  });

  it('agrees with it for long data', () => {
    expect(compute(bytes, 0)).toBe(bitwise(bytes, 0));
    expect(compute(bytes.subarray(3), 1)).toBe(bitwise(bytes.subarray(3), 1));
  });
});

describe('combineCrc32c', () => {
  it('gives the checksum of both parts together, whatever their lengths', () => {
    const bytes = new SeededRandom(7).bytes(9000);
    fc.assert(
      fc.property(fc.nat(4500), fc.oneof(fc.nat(40), fc.nat(4500)), (lengthOfA, lengthOfB) => {
        const [a, b] = [bytes.subarray(0, lengthOfA), bytes.subarray(lengthOfA, lengthOfA + lengthOfB)];
        expect(combineCrc32c(crc32c(a), crc32c(b), lengthOfB)).toBe(crc32c(b, crc32c(a)));
      }),
      { seed: 8, numRuns: 200 },
    );
  });
});
