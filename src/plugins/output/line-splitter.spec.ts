import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../common/seeded-random.js';
import { LineSplitter } from './line-splitter.js';

interface Got {
  readonly lines: string[];
  readonly cuts: number[];
  skipped: string;
}

/** @param wants every which line is its last. */
function splitting(maxLineBytes: number, wants = Infinity): { splitter: LineSplitter; got: Got } {
  const got: Got = { lines: [], cuts: [], skipped: '' };
  const splitter = new LineSplitter({
    maxLineBytes,
    onLine: (line, cutBytes) => {
      got.lines.push(line.toString());
      got.cuts.push(cutBytes);
      return got.lines.length % (wants + 1) < wants;
    },
    onSkipped: (lines) => (got.skipped += lines.toString()),
  });
  return { splitter, got };
}

describe('LineSplitter', () => {
  it('finds the same lines however the bytes come', () => {
    const random = seededRandom(5);
    const lines = Array.from({ length: 500 }, (_, n) => `${n}`.repeat(Math.floor(random() * 12)));
    const bytes = Buffer.from(lines.join('\n'));
    for (const largest of [1, 3, 64, 10_000]) {
      const { splitter, got } = splitting(1000);
      for (let at = 0; at < bytes.length;) {
        const next = at + 1 + Math.floor(random() * largest);
        splitter.push(bytes.subarray(at, next));
        at = next;
      }
      splitter.end();
      expect(got.lines).toEqual(lines);
      expect(got.cuts.every((cut) => cut === 0)).toBe(true);
    }
  });

  it('cuts what is too long and says by how much, in one piece or many', () => {
    const bytes = Buffer.from(`${'a'.repeat(25)}\nb\n${'c'.repeat(1000)}`);
    for (const size of [1, 7, 2000]) {
      const { splitter, got } = splitting(10);
      for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
      splitter.end();
      expect(got.lines).toEqual(['a'.repeat(10), 'b', 'c'.repeat(10)]);
      expect(got.cuts).toEqual([15, 0, 990]);
    }
  });

  it('skips whole lines when nobody wants more, and keeps the beginning of the next', () => {
    const { splitter, got } = splitting(100, 1);
    splitter.push(Buffer.from('1\n2\n3\n4\nbeg'));
    splitter.push(Buffer.from('in\n5\n6\n7'));
    splitter.end();
    expect(got.lines).toEqual(['1', 'begin', '5', '7']);
    expect(got.skipped).toBe('2\n3\n4\n6\n');
  });

  it('has no line at the end of a stream that ends with one', () => {
    const { splitter, got } = splitting(10);
    splitter.push(Buffer.from('a\n\n'));
    splitter.end();
    splitter.end();
    expect(got.lines).toEqual(['a', '']);
  });
});
