import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { shuffleBytes, unshuffleBytes } from './byte-shuffle.js';

describe('shuffled bytes', () => {
  it('lie by their place in the element, with the rest behind', () => {
    const target = Buffer.alloc(11);
    shuffleBytes(Buffer.from('aAbBcCdDeE?'), target, 2);
    expect(target.toString()).toBe('abcdeABCDE?');
    shuffleBytes(Buffer.from('a123b456??!'), target, 4);
    expect(target.toString()).toBe('ab142536??!');
  });

  it.each([1, 2, 3, 4, 8])('of %i come back from any length and place', (elementBytes) => {
    const random = new SeededRandom(elementBytes);
    for (let length = 0; length < 70; length++) {
      for (const [from, to] of [
        [0, 0],
        [1, 0],
        [0, 2],
        [3, 1],
      ] as const) {
        const source = random.bytes(length + from).subarray(from);
        const shuffled = Buffer.alloc(length + to).subarray(to);
        const back = Buffer.alloc(length + from).subarray(from);
        shuffleBytes(source, shuffled, elementBytes);
        unshuffleBytes(shuffled, back, elementBytes);
        expect(back.equals(source)).toBe(true);
        expect(shuffled.equals(slowly(source, elementBytes))).toBe(true);
      }
    }
  });
});

/** By the definition. */
function slowly(source: Buffer, elementBytes: number): Buffer {
  const whole = Math.floor(source.length / elementBytes) * elementBytes;
  const planes = Array.from({ length: elementBytes }, (_, byte) =>
    Array.from(source.subarray(0, whole)).filter((_value, i) => i % elementBytes === byte),
  );
  return Buffer.concat([Buffer.from(planes.flat()), source.subarray(whole)]);
}
