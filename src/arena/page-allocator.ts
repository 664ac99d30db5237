import { KvError } from '../common/errors/kv-error.js';
import { IndexSet } from './index-set.js';

/** A run of adjacent pages. */
export interface PageRun {
  readonly page: number;
  readonly pages: number;
}

export interface PageRequestOptions {
  /** Demand one run. */
  readonly contiguous?: boolean;
  /** Fail rather than chain more runs than this: at least 1. */
  readonly maxRuns?: number;
  /** Take the end of a run that is longer than needed: keeps small, long-lived runs out of the way of large ones. */
  readonly fromEnd?: boolean;
}

/**
 * Hands out runs of pages. Always the smallest free run that is long enough; when there is none, the largest ones,
 * chained. Free runs of one length form a list, and a bitmap over the lengths finds the right list, so the cost does
 * not depend on the number of pages or of runs. Neighbouring free runs merge at once.
 */
export class PageAllocator {
  readonly pageCount: number;
  /** Pages of a run, at its first page: positive in use, negative free; 0 at every other page. */
  readonly #length: Int32Array;
  /** At the first page of a run, page + 1: the next of its chain (in use) or of its list (free). */
  readonly #next: Int32Array;
  /** At the first page of a free run, page + 1: the one before it in its list. */
  readonly #previous: Int32Array;
  /** For each length, page + 1 of the first free run that has it. */
  readonly #heads: Int32Array;
  readonly #lengths: IndexSet;
  /** First pages of all free runs. */
  readonly #freeStarts: IndexSet;
  #freePages = 0;

  /**
   * @param table all zero, at least `PageAllocator.tableInts(pageCount)` long; it holds the whole state but for the
   * number of free pages, and may lie in shared memory.
   */
  constructor(pageCount: number, table: Int32Array = new Int32Array(PageAllocator.tableInts(pageCount))) {
    this.pageCount = pageCount;
    let at = 0;
    const take = (ints: number): Int32Array => table.subarray(at, (at += ints));
    this.#length = take(pageCount);
    this.#next = take(pageCount);
    this.#previous = take(pageCount);
    this.#heads = take(pageCount + 1);
    this.#lengths = new IndexSet(take(IndexSet.wordsFor(pageCount + 1)), pageCount + 1);
    this.#freeStarts = new IndexSet(take(IndexSet.wordsFor(pageCount)), pageCount);
    this.#addFree(0, pageCount);
    this.#freePages = pageCount;
  }

  /** Length of the table that an allocator of this many pages needs. */
  static tableInts(pageCount: number): number {
    return 4 * pageCount + 1 + IndexSet.wordsFor(pageCount + 1) + IndexSet.wordsFor(pageCount);
  }

  get freePages(): number {
    return this.#freePages;
  }

  /** Pages of the longest free run: the most that `contiguous` can get. */
  get largestRunPages(): number {
    return Math.max(0, this.#lengths.floor(this.pageCount));
  }

  /** @returns the first page of the (first) run, or -1. Without `contiguous` it succeeds whenever enough pages are free. */
  allocate(pages: number, options?: PageRequestOptions): number {
    if (!Number.isSafeInteger(pages) || pages < 1) throw new RangeError(`cannot allocate ${pages} pages`);
    if (pages > this.#freePages) return -1;
    const length = this.#lengths.ceiling(pages);
    if (length >= 0) return this.#takeFrom(length, pages, options?.fromEnd ?? false);
    return options?.contiguous ? -1 : this.#gather(pages, options?.maxRuns ?? Infinity);
  }

  /** Frees the run that starts at `firstPage` and all that are chained to it. */
  free(firstPage: number): void {
    let page = firstPage;
    do {
      const pages = this.#length[page] ?? 0;
      if (pages <= 0) {
        throw new KvError('KV_ARENA_DOUBLE_FREE', `page ${page} does not start a run in use`, {
          kind: 'internal',
        });
      }
      const next = (this.#next[page] as number) - 1;
      this.#release(page, pages);
      page = next;
    } while (page >= 0);
  }

  /** The runs of a chain, in order. */
  extentsOf(firstPage: number): PageRun[] {
    const runs: PageRun[] = [];
    for (let page = firstPage; page >= 0; page = (this.#next[page] as number) - 1) {
      runs.push({ page, pages: this.#length[page] as number });
    }
    return runs;
  }

  /** Pages of all runs of a chain. */
  pagesOf(firstPage: number): number {
    let pages = 0;
    for (let page = firstPage; page >= 0; page = (this.#next[page] as number) - 1) {
      pages += this.#length[page] as number;
    }
    return pages;
  }

  /**
   * Takes exactly these runs, as one chain: for rebuilding the state from elsewhere.
   * @returns the first page, or -1, with nothing changed, when any of the pages is in use or does not exist.
   */
  claim(runs: readonly PageRun[]): number {
    let claimed = 0;
    for (const { page, pages } of runs) {
      if (!this.#claimRun(page, pages)) break;
      claimed++;
    }
    if (claimed < runs.length || claimed === 0) {
      for (const { page, pages } of runs.slice(0, claimed)) this.#release(page, pages);
      return -1;
    }
    runs.forEach(({ page }, i) => (this.#next[page] = (runs[i + 1]?.page ?? -1) + 1));
    return (runs[0] as PageRun).page;
  }

  #claimRun(page: number, pages: number): boolean {
    if (!Number.isSafeInteger(page) || !Number.isSafeInteger(pages)) return false;
    if (page < 0 || pages < 1 || page + pages > this.pageCount) return false;
    const start = this.#freeStarts.floor(page);
    if (start < 0) return false;
    const length = -(this.#length[start] as number);
    if (page + pages > start + length) return false;
    this.#removeFree(start, length);
    if (page > start) this.#addFree(start, page - start);
    if (page + pages < start + length) this.#addFree(page + pages, start + length - page - pages);
    this.#use(page, pages);
    return true;
  }

  /** The largest runs first, and for the rest the smallest that is long enough. */
  #gather(pages: number, maxRuns: number): number {
    let first = -1;
    let last = -1;
    for (let left = pages, runs = 0; left > 0; runs++) {
      if (runs === maxRuns) {
        this.free(first);
        return -1;
      }
      const fitting = this.#lengths.ceiling(left);
      const length = fitting >= 0 ? fitting : this.#lengths.floor(this.pageCount);
      const run = Math.min(left, length);
      const page = this.#takeFrom(length, run, false);
      if (last < 0) first = page;
      else this.#next[last] = page + 1;
      last = page;
      left -= run;
    }
    return first;
  }

  #takeFrom(length: number, pages: number, fromEnd: boolean): number {
    const start = (this.#heads[length] as number) - 1;
    const rest = length - pages;
    this.#removeFree(start, length);
    const page = fromEnd ? start + rest : start;
    if (rest > 0) this.#addFree(fromEnd ? start : start + pages, rest);
    this.#use(page, pages);
    return page;
  }

  #use(page: number, pages: number): void {
    this.#length[page] = pages;
    this.#next[page] = 0;
    this.#freePages -= pages;
  }

  #release(page: number, pages: number): void {
    this.#freePages += pages;
    this.#length[page] = 0;
    const after = page + pages;
    if (after < this.pageCount && (this.#length[after] as number) < 0) {
      const length = -(this.#length[after] as number);
      this.#removeFree(after, length);
      pages += length;
    }
    const before = page > 0 ? this.#freeStarts.floor(page - 1) : -1;
    if (before >= 0 && before - (this.#length[before] as number) === page) {
      this.#removeFree(before, page - before);
      pages += page - before;
      page = before;
    }
    this.#addFree(page, pages);
  }

  #addFree(page: number, pages: number): void {
    const head = this.#heads[pages] as number;
    this.#length[page] = -pages;
    this.#previous[page] = 0;
    this.#next[page] = head;
    this.#heads[pages] = page + 1;
    this.#freeStarts.add(page);
    if (head > 0) this.#previous[head - 1] = page + 1;
    else this.#lengths.add(pages);
  }

  #removeFree(page: number, pages: number): void {
    const next = this.#next[page] as number;
    const previous = this.#previous[page] as number;
    if (next > 0) this.#previous[next - 1] = previous;
    if (previous > 0) this.#next[previous - 1] = next;
    else {
      this.#heads[pages] = next;
      if (next === 0) this.#lengths.delete(pages);
    }
    this.#length[page] = 0;
    this.#freeStarts.delete(page);
  }
}
