import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PageAllocator, type PageRun } from './page-allocator.js';

/** Which pages are in use, and by which chain: the slow and obvious way. */
class NaivePages {
  readonly owner: Int32Array;

  constructor(pages: number) {
    this.owner = new Int32Array(pages).fill(-1);
  }

  isFree({ page, pages }: PageRun): boolean {
    return (
      page >= 0 &&
      page + pages <= this.owner.length &&
      this.owner.subarray(page, page + pages).every((o) => o < 0)
    );
  }

  take(runs: readonly PageRun[], owner: number): void {
    for (const run of runs) {
      expect(this.isFree(run)).toBe(true);
      this.owner.fill(owner, run.page, run.page + run.pages);
    }
  }

  give(owner: number): void {
    this.owner.forEach((o, page) => o === owner && (this.owner[page] = -1));
  }

  get freeRuns(): number[] {
    const runs: number[] = [];
    this.owner.forEach((o, page) => {
      if (o >= 0) return;
      if (page > 0 && this.owner[page - 1]! < 0) runs[runs.length - 1]!++;
      else runs.push(1);
    });
    return runs;
  }
}

const pagesOf = (runs: readonly PageRun[]): number => runs.reduce((sum, run) => sum + run.pages, 0);

describe('PageAllocator', () => {
  it('agrees with a naive model', () => {
    const pageCount = 300;
    const step = fc.record({
      kind: fc.constantFrom('allocate', 'allocate', 'contiguous', 'free', 'free', 'claim'),
      pages: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 120 })),
      at: fc.nat(pageCount),
      fromEnd: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const allocator = new PageAllocator(pageCount);
        const model = new NaivePages(pageCount);
        const live: number[] = [];
        for (const { kind, pages, at, fromEnd } of steps) {
          const free = model.freeRuns;
          if (kind === 'free') {
            const first = live.splice(at % Math.max(1, live.length), 1)[0];
            if (first === undefined) continue;
            allocator.free(first);
            model.give(first);
          } else if (kind === 'claim') {
            const runs = [
              { page: at, pages: Math.min(pages, 9) },
              { page: (at * 7) % pageCount, pages: 1 },
            ];
            const overlap = runs[1]!.page >= at && runs[1]!.page < at + runs[0]!.pages;
            const possible = !overlap && runs.every((run) => model.isFree(run));
            const first = allocator.claim(runs);
            expect(first).toBe(possible ? at : -1);
            if (first < 0) continue;
            expect(allocator.extentsOf(first)).toEqual(runs);
            model.take(runs, first);
            live.push(first);
          } else {
            const contiguous = kind === 'contiguous';
            const first = allocator.allocate(pages, { contiguous, fromEnd });
            const fits = contiguous
              ? free.some((run) => run >= pages)
              : pagesOf(free.map((run) => ({ page: 0, pages: run }))) >= pages;
            expect(first >= 0).toBe(fits);
            if (first < 0) continue;
            const runs = allocator.extentsOf(first);
            expect(pagesOf(runs)).toBe(pages);
            expect(allocator.pagesOf(first)).toBe(pages);
            expect(runs.length > 1).toBe(free.every((run) => run < pages));
            model.take(runs, first);
            live.push(first);
          }
          const runs = model.freeRuns;
          expect(allocator.freePages).toBe(runs.reduce((sum, run) => sum + run, 0));
          expect(allocator.largestRunPages).toBe(Math.max(0, ...runs));
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('takes the smallest run that is long enough', () => {
    const allocator = new PageAllocator(100);
    const [a, , c] = [10, 1, 5, 84].map((pages) => allocator.allocate(pages)) as [number, number, number];
    allocator.free(a);
    allocator.free(c);
    expect(allocator.allocate(4)).toBe(c);
    expect(allocator.allocate(6)).toBe(a);
  });

  it('takes the end of a run when asked to', () => {
    expect(new PageAllocator(100).allocate(3, { fromEnd: true })).toBe(97);
  });

  it('gathers the largest runs first', () => {
    const allocator = new PageAllocator(20);
    const runs = [6, 1, 3, 1, 5, 4].map((pages) => allocator.allocate(pages));
    for (const i of [0, 2, 4]) allocator.free(runs[i]!);
    expect(allocator.allocate(13, { contiguous: true })).toBe(-1);
    expect(allocator.extentsOf(allocator.allocate(13))).toEqual([
      { page: 0, pages: 6 },
      { page: 11, pages: 5 },
      { page: 7, pages: 2 },
    ]);
  });

  it('chains no more runs than allowed', () => {
    const allocator = new PageAllocator(9);
    const runs = [3, 1, 2, 1, 2].map((pages) => allocator.allocate(pages));
    for (const i of [0, 2, 4]) allocator.free(runs[i]!);
    expect(allocator.allocate(6, { maxRuns: 2 })).toBe(-1);
    expect(allocator.freePages).toBe(7);
    expect(allocator.extentsOf(allocator.allocate(5, { maxRuns: 2 }))).toHaveLength(2);
  });

  it('refuses to free twice', () => {
    const allocator = new PageAllocator(10);
    const page = allocator.allocate(4);
    allocator.free(page);
    expect(() => allocator.free(page)).toThrow(expect.objectContaining({ code: 'KV_ARENA_DOUBLE_FREE' }));
    expect(allocator.freePages).toBe(10);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %p pages', (pages) => {
    expect(() => new PageAllocator(10).allocate(pages)).toThrow(RangeError);
  });

  it('claims many scattered runs and changes nothing when one is taken', () => {
    const allocator = new PageAllocator(100_000);
    const runs = Array.from({ length: 40_000 }, (_, i) => ({ page: ((i * 7919) % 40_000) * 2, pages: 1 }));
    const first = allocator.claim(runs);
    expect(first).toBe(runs[0]!.page);
    expect(allocator.freePages).toBe(60_000);
    expect(allocator.claim([{ page: 1, pages: 1 }, runs[5]!])).toBe(-1);
    expect(allocator.freePages).toBe(60_000);
    allocator.free(first);
    expect(allocator.largestRunPages).toBe(100_000);
  });
});
