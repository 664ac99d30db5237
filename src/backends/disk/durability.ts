import { type DataFile } from './data-file.js';
import { type Journal } from './journal.js';

/** Flushes what was written, some time after the first write that is not flushed yet. */
export class Durability {
  #isDirty = false;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;

  /** @param intervalMs 0 = only at the end. */
  constructor(
    private readonly file: DataFile,
    private readonly journal: Journal,
    private readonly intervalMs: number,
    private readonly onFailed: (error: unknown) => void,
  ) {}

  written(): void {
    this.#isDirty = true;
    if (this.intervalMs === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flushing = this.#flush();
    }, this.intervalMs).unref();
  }

  /** Flushes once more, for the last time. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flushing;
    await this.#flush();
  }

  /** Bytes before the records that speak of them. */
  async #flush(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    try {
      await this.file.sync();
      await this.journal.sync();
    } catch (error) {
      this.onFailed(error);
    }
  }
}
