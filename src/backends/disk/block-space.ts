import { type PageAllocator, type PageRun } from '../../arena/page-allocator.js';
import { MAX_RUNS } from './record-codec.js';

export interface BlockSpaceOptions {
  readonly allocator: PageAllocator;
  /** Makes one chunk give up its blocks: `leave` is called for it, and `release` later. @returns false when none can go. */
  readonly evict: () => boolean;
}

/** `busy`: everything that is there is held; `failed`: blocks cannot become free, for the medium fails. */
export type Acquired = number | 'busy' | 'failed';

interface Waiter {
  readonly blocks: number;
  readonly resolve: (acquired: Acquired) => void;
}

/**
 * Which blocks of the data file are whose. Blocks that a chunk leaves are free only when the journal says that it is
 * gone and the last reader of its bytes is done: until then nobody may write to them.
 */
export class BlockSpace {
  readonly #allocator: PageAllocator;
  readonly #evict: () => boolean;
  readonly #waiters: Waiter[] = [];
  /** Readers of a chunk, by its first block. */
  readonly #readers = new Map<number, number>();
  /** Chunks that only their readers still keep. */
  readonly #released = new Set<number>();
  #leavingBlocks = 0;

  constructor({ allocator, evict }: BlockSpaceOptions) {
    this.#allocator = allocator;
    this.#evict = evict;
  }

  get usedBlocks(): number {
    return this.#allocator.pageCount - this.#allocator.freePages;
  }

  /** First block of a new chunk; in turn, after evictions where they are needed. */
  acquire(blocks: number): Promise<Acquired> {
    return new Promise((resolve) => {
      this.#waiters.push({ blocks, resolve });
      if (this.#waiters.length === 1) this.#serve();
    });
  }

  runsOf(firstBlock: number): readonly PageRun[] {
    return this.#allocator.extentsOf(firstBlock);
  }

  /** A chunk has left the index; its blocks stay until `release`. */
  leave(firstBlock: number): void {
    this.#leavingBlocks += this.#allocator.pagesOf(firstBlock);
  }

  /** The journal says that the chunk is gone. */
  release(firstBlock: number): void {
    if (this.#readers.has(firstBlock)) {
      this.#released.add(firstBlock);
      return;
    }
    this.#leavingBlocks -= this.#allocator.pagesOf(firstBlock);
    this.giveBack(firstBlock);
  }

  /** Frees blocks that were acquired and never became a chunk. */
  giveBack(firstBlock: number): void {
    this.#allocator.free(firstBlock);
    this.#serve();
  }

  beginRead(firstBlock: number): void {
    this.#readers.set(firstBlock, (this.#readers.get(firstBlock) ?? 0) + 1);
  }

  endRead(firstBlock: number): void {
    const readers = (this.#readers.get(firstBlock) ?? 0) - 1;
    if (readers > 0) {
      this.#readers.set(firstBlock, readers);
      return;
    }
    this.#readers.delete(firstBlock);
    if (this.#released.delete(firstBlock)) this.release(firstBlock);
  }

  isRead(firstBlock: number): boolean {
    return this.#readers.has(firstBlock);
  }

  /** Turns away all who wait: what they wait for will not come. */
  fail(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve('failed');
  }

  #serve(): void {
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      const acquired = this.#tryAcquire(waiter.blocks);
      if (acquired === 'wait') return;
      this.#waiters.shift();
      waiter.resolve(acquired);
    }
  }

  #tryAcquire(blocks: number): Acquired | 'wait' {
    const first = this.#allocator.allocate(blocks);
    if (first >= 0 && this.#allocator.extentsOf(first).length <= MAX_RUNS) return first;
    let wanted = blocks;
    if (first >= 0) {
      // Too scattered to be noted down: one more chunk has to go.
      this.#allocator.free(first);
      wanted = this.#allocator.freePages + this.#leavingBlocks + 1;
    }
    while (this.#allocator.freePages + this.#leavingBlocks < wanted) if (!this.#evict()) return 'busy';
    return 'wait';
  }
}
