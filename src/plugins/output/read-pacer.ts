const SLICE_MS = 10;
/** 210 MB/s: what a plugin prints beyond waits in its pipe, for a slice at a time. */
const SLICE_BYTES = 2 * 2 ** 20;

/** How much of the output of all plugins together is read in a while, so that most of the time is for the doors. */
export class ReadPacer {
  #left = SLICE_BYTES;
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** Says that so many bytes were read. @returns whether more may be read at once. */
  spend(bytes: number): boolean {
    if (this.#timer === undefined) this.#timer = setTimeout(this.#next, SLICE_MS);
    this.#left -= bytes;
    return this.#left > 0;
  }

  /** Calls back when more may be read, after `spend` has said no. */
  whenNext(resume: () => void): void {
    this.#waiting.push(resume);
  }

  readonly #next = (): void => {
    this.#timer = undefined;
    this.#left = SLICE_BYTES;
    for (const resume of this.#waiting.splice(0)) resume();
  };
}
