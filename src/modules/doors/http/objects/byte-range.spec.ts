import { describe, expect, it } from '@jest/globals';
import { byteRangeOf, sliceViews } from './byte-range.js';

describe('byteRangeOf', () => {
  it('has no range in an empty value', () => {
    expect(() => byteRangeOf('bytes=0-', 0)).toThrow(expect.objectContaining({ code: 'KV_HTTP_RANGE' }));
  });

  it('takes more than the value from its end', () => {
    expect(byteRangeOf('bytes=-50', 10)).toEqual({ start: 0, end: 9 });
  });
});

describe('sliceViews', () => {
  const bytes = Buffer.from('abcdefghij');
  const views = [bytes.subarray(0, 3), bytes.subarray(3, 4), bytes.subarray(4, 10)];

  it('gives the same bytes as one buffer would, for every range', () => {
    for (let start = 0; start < 10; start++) {
      for (let end = start; end < 10; end++) {
        const slices = sliceViews(views, { start, end });
        expect(Buffer.concat(slices).toString()).toBe(bytes.toString('latin1', start, end + 1));
        expect(slices.every(({ length }) => length > 0)).toBe(true);
      }
    }
  });

  it('copies nothing', () => {
    expect(sliceViews(views, { start: 1, end: 8 }).every(({ buffer }) => buffer === bytes.buffer)).toBe(true);
  });
});
