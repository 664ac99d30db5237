/** One I/O, from its start to its end. */
export type IoTask<T> = () => Promise<T>;

/** Reads in a row after which a waiting write has its turn. */
const READS_PER_WRITE = 4;

/**
 * Bounds the I/Os in flight. Reads go first, for somebody waits for them; writes keep out of the last place, so that
 * a read never finds all of them taken, and get every fifth turn, so that they go on under any load of reads. Reads may be
 * handed on `readsAhead` of the depth: a thread that ends one goes on with the next, whatever the event loop does.
 */
export class IoQueue {
  readonly #reads: (() => void)[] = [];
  readonly #writes: (() => void)[] = [];
  #inFlight = 0;
  #writing = 0;
  #readsInARow = 0;

  constructor(
    private readonly depth: number,
    private readonly readsAhead = 0,
  ) {}

  read<T>(task: IoTask<T>): Promise<T> {
    return this.#enqueue(this.#reads, task);
  }

  write<T>(task: IoTask<T>): Promise<T> {
    return this.#enqueue(this.#writes, async () => {
      this.#writing++;
      try {
        return await task();
      } finally {
        this.#writing--;
      }
    });
  }

  #enqueue<T>(waiting: (() => void)[], task: IoTask<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.push(() => {
        this.#inFlight++;
        task()
          .finally(() => {
            this.#inFlight--;
            this.#pump();
          })
          .then(resolve, reject);
      });
      this.#pump();
    });
  }

  #pump(): void {
    for (;;) {
      if (this.#isWriteNext()) {
        if (this.#inFlight >= this.depth) return;
        this.#readsInARow = 0;
        this.#writes.shift()?.();
      } else {
        if (this.#reads.length === 0 || this.#inFlight >= this.depth + this.readsAhead) return;
        this.#readsInARow++;
        this.#reads.shift()?.();
      }
    }
  }

  #isWriteNext(): boolean {
    if (this.#writes.length === 0 || this.#writing >= Math.max(1, this.depth - 1)) return false;
    return this.#reads.length === 0 || this.#readsInARow >= READS_PER_WRITE;
  }
}
