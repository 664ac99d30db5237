/** A read that is on its way. */
export interface RunningRead extends Disposable {
  /** What it reads was removed meanwhile: its bytes may be another object's. */
  isInvalid: boolean;
}

/**
 * Reads that are on their way. An object may be removed in spite of its lease, and its memory given to another one at
 * once: whoever reads it in this process is told.
 */
export class RunningReads {
  readonly #running = new Map<string, Set<RunningRead>>();

  begin(name: string): RunningRead {
    const reads = this.#running.get(name) ?? new Set();
    this.#running.set(name, reads);
    const read: RunningRead = {
      isInvalid: false,
      [Symbol.dispose]: () => {
        reads.delete(read);
        if (reads.size === 0 && this.#running.get(name) === reads) this.#running.delete(name);
      },
    };
    reads.add(read);
    return read;
  }

  /** @param name of what is about to be removed. */
  invalidate(name: string): void {
    for (const read of this.#running.get(name) ?? []) read.isInvalid = true;
  }
}
