import { expect, it } from '@jest/globals';
import { fillUp } from './fill-up.js';

const UNIT = 64 * 1024;

it.each([
  [1, UNIT, UNIT],
  [UNIT - 1, 10 * UNIT, UNIT],
  [UNIT, 10 * UNIT, UNIT],
  [UNIT + 1, 10 * UNIT, 2 * UNIT],
  [UNIT + 1, UNIT + 100, UNIT + 100],
  [UNIT + 100, UNIT + 100, UNIT + 100],
])(
  'a value of %i bytes, of which at most %i may be, is filled up to %i with zeros',
  (length, max, filled) => {
    const value = [Buffer.alloc(1, 7), Buffer.alloc(length - 1, 7)];
    expect(
      Buffer.concat(fillUp(value, max)).equals(Buffer.concat([...value, Buffer.alloc(filled - length)])),
    ).toBe(true);
  },
);
