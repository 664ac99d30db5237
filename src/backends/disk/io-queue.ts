/** One I/O: starts it, and calls `done` when it has ended, however it ended. */
export type IoTask = (done: () => void) => void;

/** Reads in a row after which a waiting write has its turn. */
const READS_PER_WRITE = 4;

/**
 * Bounds the I/Os in flight. Reads go first, for somebody waits for them; writes keep out of the last place, so that
 * a read never finds all of them taken, and get every fifth turn, so that they go on under any load of reads.
 */
export class IoQueue {
  readonly #reads: IoTask[] = [];
  readonly #writes: IoTask[] = [];
  #inFlight = 0;
  #writing = 0;
  #readsInARow = 0;

  constructor(private readonly depth: number) {}

  read(task: IoTask): void {
    this.#reads.push(task);
    this.#pump();
  }

  write(task: IoTask): void {
    this.#writes.push(task);
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < this.depth) {
      if (this.#isWriteNext()) this.#startWrite();
      else if (this.#reads.length > 0) this.#startRead();
      else return;
    }
  }

  #isWriteNext(): boolean {
    if (this.#writes.length === 0 || this.#writing >= Math.max(1, this.depth - 1)) return false;
    return this.#reads.length === 0 || this.#readsInARow >= READS_PER_WRITE;
  }

  #startRead(): void {
    this.#readsInARow++;
    this.#start(this.#reads.shift());
  }

  #startWrite(): void {
    this.#readsInARow = 0;
    this.#writing++;
    this.#start(this.#writes.shift(), () => this.#writing--);
  }

  #start(task: IoTask | undefined, ended?: () => void): void {
    this.#inFlight++;
    task?.(() => {
      this.#inFlight--;
      ended?.();
      this.#pump();
    });
  }
}
