import { expect, it } from '@jest/globals';
import { parseByteSize } from './byte-size.js';

it.each([
  [4096, 4096],
  ['4096', 4096],
  ['64MiB', 64 * 2 ** 20],
  ['64 mib', 64 * 2 ** 20],
  ['1.5GB', 1.5e9],
  ['10GiB', 10 * 2 ** 30],
  ['2TiB', 2 ** 41],
  ['0', 0],
  ['12B', 12],
])('%p is %p bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

it.each([-1, 1.5, NaN, '', 'GiB', '1GiBs', '-1GiB', '1e3', '9999999999TiB', true, null, undefined, [], {}])(
  '%p is no size',
  (value) => {
    expect(parseByteSize(value)).toBeUndefined();
  },
);
