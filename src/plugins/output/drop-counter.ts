const REPORT_EVERY_MS = 1000;
const NEWLINE = 0x0a;
/** A search leaps over long lines, and is dear for short ones. */
const MAX_SEARCHES = 1024;

export interface DroppedOutput {
  readonly bytes: number;
  readonly lines: number;
}

/** What was not logged, and a report of it once a second while there is any. */
export class DropCounter {
  #unreported = { bytes: 0, lines: 0 };
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly report: (dropped: DroppedOutput) => void) {}

  add(bytes: number, lines: number): void {
    this.#unreported.bytes += bytes;
    this.#unreported.lines += lines;
    this.#timer ??= setTimeout(() => this.flush(), REPORT_EVERY_MS).unref();
  }

  addLines(lines: Buffer): void {
    this.add(lines.length, countNewlines(lines));
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

function countNewlines(bytes: Buffer): number {
  let count = 0;
  let at = -1;
  while (count < MAX_SEARCHES) {
    at = bytes.indexOf(NEWLINE, at + 1);
    if (at === -1) return count;
    count++;
  }
  for (at++; at < bytes.length; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}
