import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { paddedToPages, planTransfer, skipBytes, wholePages } from './transfer-plan.js';

const PAGE = 4096;

describe('planTransfer', () => {
  it('puts every byte of the memory to its place in the runs, in pieces of at most 4 MiB', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 6 }),
        (bufferPages, runPages) => {
          const total = Math.min(sum(bufferPages), sum(runPages)) * PAGE - 17;
          const memory: Buffer[] = [];
          for (const pages of bufferPages) {
            const left = total - sum(memory.map(({ length }) => length));
            if (left > 0) memory.push(Buffer.alloc(Math.min(left, pages * PAGE), memory.length + 1));
          }
          let page = 0;
          const runs = runPages.map((pages) => ({ page: (page += 1_600) - 1_600, pages }));
          const pieces = planTransfer(memory, runs, PAGE);
          const expected = Buffer.concat(memory);
          let at = 0;
          for (const { page: first, pages } of runs) {
            for (const piece of pieces) {
              if (piece.position < first * PAGE || piece.position >= (first + pages) * PAGE) continue;
              const bytes = Buffer.concat(piece.buffers);
              expect(bytes.length).toBe(piece.bytes);
              expect(piece.bytes).toBeLessThanOrEqual(4 * 2 ** 20);
              expect(piece.position + piece.bytes).toBeLessThanOrEqual((first + pages) * PAGE);
              expect(bytes.equals(expected.subarray(at, at + bytes.length))).toBe(true);
              at += bytes.length;
            }
          }
          expect(at).toBe(expected.length);
        },
      ),
      { numRuns: 30, seed: 4 },
    );
  });

  it('has nothing to do for no bytes', () => {
    expect(planTransfer([], [{ page: 3, pages: 1 }], PAGE)).toEqual([]);
  });
});

describe('wholePages', () => {
  const memory = new ArrayBuffer(8 * PAGE);

  it('extends the last view to the end of its page', () => {
    const views = [Buffer.from(memory, PAGE, PAGE), Buffer.from(memory, 4 * PAGE, 100)];
    const pages = wholePages(views)!;
    expect(pages.map(({ byteOffset, length }) => [byteOffset, length])).toEqual([
      [PAGE, PAGE],
      [4 * PAGE, PAGE],
    ]);
  });

  it.each([
    ['starts inside a page', [Buffer.from(memory, 64, PAGE)]],
    ['has a hole before its end', [Buffer.from(memory, 0, 100), Buffer.from(memory, PAGE, 100)]],
    ['ends with the memory, inside a page', [Buffer.from(new ArrayBuffer(100), 0, 100)]],
  ])('refuses memory that %s', (_, views) => {
    expect(wholePages(views)).toBeUndefined();
  });
});

describe('paddedToPages and skipBytes', () => {
  it('pads to the end of the page, and not beyond', () => {
    const views = [Buffer.alloc(PAGE), Buffer.alloc(10)];
    expect(sum(paddedToPages(views, PAGE + 10).map(({ length }) => length))).toBe(2 * PAGE);
    expect(paddedToPages(views, 2 * PAGE)).toBe(views);
  });

  it('skips over buffers', () => {
    const rest = skipBytes([Buffer.from('abc'), Buffer.from('def'), Buffer.from('ghi')], 4);
    expect(rest.map(String)).toEqual(['ef', 'ghi']);
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
