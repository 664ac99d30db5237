import { lostLine } from '../format/recorded-line.js';
import { type TraceSink } from './trace-sink.interface.js';

/** Lines that wait for the disk; more are counted and forgotten. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;
const BATCH_BYTES = 256 * 1024;
const FLUSH_MS = 200;

/** Hands lines to a sink without ever waiting for it. Lines are ASCII. */
export class TraceQueue {
  /** Lines that were taken, and how long they were. */
  events = 0;
  bytes = 0;
  lostEvents = 0;
  /** What the sink failed with; from then on everything is lost. */
  error: Error | undefined;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #lostInRow = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(
    private readonly sink: TraceSink,
    private readonly onError: (error: Error) => void,
  ) {}

  push(timeMs: number, line: string): void {
    if (this.error !== undefined || this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.lostEvents++;
      this.#lostInRow++;
      return;
    }
    if (this.#lostInRow > 0) {
      this.#add(lostLine(timeMs, this.#lostInRow));
      this.#lostInRow = 0;
    }
    this.events++;
    this.#add(line);
  }

  /** Resolves when the sink has everything, or has failed. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#write();
    await this.sink.close();
  }

  #add(line: string): void {
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.bytes += line.length;
    if (this.#writing !== undefined) return;
    if (this.#waitingBytes >= BATCH_BYTES) void this.#write();
    else this.#timer ??= setTimeout(() => void this.#write(), FLUSH_MS).unref();
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return (this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined)));
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 && this.error === undefined) {
      const text = this.#waiting.join('');
      this.#waiting = [];
      try {
        await this.sink.append(text);
      } catch (error) {
        this.error = error as Error;
        this.onError(this.error);
      }
      this.#waitingBytes -= text.length;
    }
  }
}
