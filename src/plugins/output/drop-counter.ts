const REPORT_EVERY_MS = 1000;
const NEWLINE = 0x0a;

export interface DroppedOutput {
  readonly bytes: number;
  readonly lines: number;
}

/** What was not logged, and a report of it once a second while there is any. */
export class DropCounter {
  readonly #total = { bytes: 0, lines: 0 };
  #unreported = { bytes: 0, lines: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly report: (dropped: DroppedOutput) => void) {}

  get total(): DroppedOutput {
    return this.#total;
  }

  add(bytes: number, lines: number): void {
    this.#total.bytes += bytes;
    this.#total.lines += lines;
    this.#unreported.bytes += bytes;
    this.#unreported.lines += lines;
    this.#timer ??= setTimeout(() => this.flush(), REPORT_EVERY_MS).unref();
  }

  addLines(lines: Buffer): void {
    let count = 0;
    for (let at = lines.indexOf(NEWLINE); at !== -1; at = lines.indexOf(NEWLINE, at + 1)) count++;
    this.add(lines.length, count);
  }

  /** Reports what was not reported yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const dropped = this.#unreported;
    if (dropped.bytes === 0) return;
    this.#unreported = { bytes: 0, lines: 0 };
    this.report(dropped);
  }
}
