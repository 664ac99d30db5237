import { rename, rm } from 'node:fs/promises';
import { type Clock } from '../../common/clock.js';
import { syncDirectory } from './directory.js';
import { PAGE_BYTES } from './disk-layout.js';
import { encodeHeader, frame, HEADER_BYTES, type Checksum, type JournalHeader } from './journal-format.js';
import { LogFile } from './log-file.js';
import { roundToPages } from './transfer-plan.js';

/** Who knows what is alive, for the copy without garbage. */
export interface LiveRecords {
  /** Bytes that the put records of all live chunks take, framed. */
  readonly liveBytes: number;
  readonly sequence: number;
  /**
   * Put records of live chunks, framed, about `maxBytes` of them, leaving out those that came after `sequence`.
   * Start with cursor 0; done when 0 comes back.
   */
  collect(
    cursor: number,
    sequence: number,
    maxBytes: number,
  ): { readonly frames: Buffer; readonly cursor: number };
}

export interface JournalOptions {
  readonly path: string;
  readonly copyPath: string;
  readonly header: JournalHeader;
  /** What journal and copy may take together. */
  readonly budgetBytes: number;
  readonly live: LiveRecords;
  readonly crc32c: Checksum;
  readonly clock: Clock;
  /** A copy failed; the journal itself goes on. */
  readonly onCopyFailed: (error: unknown) => void;
}

interface Append {
  readonly frame: Buffer;
  readonly settled: (error?: Error) => void;
}

interface Copy {
  readonly log: LogFile;
  /** Chunks put after it are in the copy by their own append. */
  readonly sequence: number;
  cursor: number;
  /** At most so many bytes are still to be collected. */
  remaining: number;
}

const MAX_BATCH_BYTES = 256 * 1024;
/** A batch beyond this share of the budget might never fit. */
const BATCH_SHARE = 1 / 16;
const SLICE_BYTES = 128 * 1024;
/** Garbage below this is left alone. */
const MIN_GARBAGE_BYTES = 2 ** 20;
/** Live records above this share of the budget would leave no room for copying them. */
const LIVE_SHARE = 0.4;
/** Beyond it a copy is made although there is little garbage, so that appends seldom have to wait for one. */
const COPY_SHARE = 0.92;
const COPY_RETRY_MS = 1000;
const MAX_GROWTH_BYTES = 2 ** 20;

/** Steps in which the files of a journal grow. */
export function journalGrowthBytes(budgetBytes: number): number {
  return Math.min(MAX_GROWTH_BYTES, Math.max(PAGE_BYTES, roundToPages(budgetBytes / 128)));
}

/**
 * The append-only file from which the index is rebuilt. One append is in flight, those that wait go together in the
 * next. When more than half of it is garbage, the live records are copied to a second file in small steps, between
 * appends, which go to both files meanwhile; then the second takes the place of the first.
 */
export class Journal {
  readonly #options: JournalOptions;
  #log: LogFile;
  #copy: Copy | undefined;
  #appends: Append[] = [];
  #running: Promise<void> | undefined;
  #copyError: Error | undefined;
  #copyPausedUntilMs = 0;

  constructor(log: LogFile, options: JournalOptions) {
    this.#log = log;
    this.#options = options;
  }

  /** Whether the file still has its name. */
  get isThere(): boolean {
    return this.#log.isThere;
  }

  /** Most that `LiveRecords.liveBytes` may come to. */
  get maxLiveBytes(): number {
    return Math.floor(this.#options.budgetBytes * LIVE_SHARE) - HEADER_BYTES;
  }

  /** @param settled called in order of the appends, when the record is in the file, or with the error. */
  append(body: Buffer, settled: (error?: Error) => void): void {
    this.#appends.push({ frame: frame(body, this.#options.header.seed, this.#options.crc32c), settled });
    this.#running ??= this.#run();
  }

  /** Makes the files fit a budget that is smaller than it was. */
  trim(): Promise<void> {
    this.#appends.push({ frame: Buffer.alloc(0), settled: () => undefined });
    this.#running ??= this.#run();
    return this.settled();
  }

  /** Resolves when every append so far has settled. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async sync(): Promise<void> {
    await this.#log.sync();
  }

  async close(): Promise<void> {
    await this.settled();
    await this.#log.close();
  }

  async #run(): Promise<void> {
    // What comes in the same turn of the event loop shares one append.
    await Promise.resolve();
    while (this.#appends.length > 0 || this.#copy !== undefined) {
      if (this.#copy === undefined && this.#isCopyDue()) await this.#guardCopy(() => this.#startCopy());
      if (this.#appends.length > 0) await this.#appendBatch();
      const copy = this.#copy;
      if (copy !== undefined) await this.#guardCopy(() => this.#stepCopy(copy));
    }
    this.#running = undefined;
  }

  async #appendBatch(): Promise<void> {
    const batch = this.#takeBatch();
    const bytes = Buffer.concat(batch.map(({ frame }) => frame));
    let error: Error | undefined;
    try {
      await this.#makeRoom(bytes.length);
      await this.#log.append(bytes);
    } catch (cause) {
      error = cause as Error;
    }
    const copy = this.#copy;
    if (error === undefined && copy !== undefined) await this.#guardCopy(() => copy.log.append(bytes));
    for (const { settled } of batch) settled(error);
  }

  #takeBatch(): Append[] {
    const maxBytes = Math.min(MAX_BATCH_BYTES, this.#options.budgetBytes * BATCH_SHARE);
    let bytes = 0;
    let count = 0;
    while (count < this.#appends.length && (count === 0 || bytes < maxBytes)) {
      bytes += (this.#appends[count++] as Append).frame.length;
    }
    return this.#appends.splice(0, count);
  }

  /** Where the next append would break the budget, a copy is made first, or brought to its end. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#fits(bytes)) return;
    if (this.#copy === undefined) await this.#guardCopy(() => this.#startCopy());
    for (let copy = this.#copy; copy !== undefined && !this.#fits(bytes); copy = this.#copy) {
      const current = copy;
      await this.#guardCopy(() => this.#stepCopy(current));
    }
    if (!this.#fits(bytes)) throw this.#copyError ?? new Error('the index has no room for another record');
  }

  #fits(bytes: number): boolean {
    return this.#demand(bytes) <= this.#options.budgetBytes;
  }

  /** What both files may come to, once `bytes` more are appended and a copy is complete. */
  #demand(bytes: number): number {
    const { live, budgetBytes } = this.#options;
    const copy = this.#copy;
    const beside =
      copy === undefined ? HEADER_BYTES + live.liveBytes : copy.log.tail + copy.remaining + bytes;
    return this.#log.tail + bytes + beside + 2 * journalGrowthBytes(budgetBytes);
  }

  #isCopyDue(): boolean {
    const { live, budgetBytes, clock } = this.#options;
    if (clock.nowMs() < this.#copyPausedUntilMs) return false;
    const garbage = this.#log.tail - HEADER_BYTES - live.liveBytes;
    if (garbage > Math.max(live.liveBytes, MIN_GARBAGE_BYTES)) return true;
    return garbage > 0 && this.#demand(0) > budgetBytes * COPY_SHARE;
  }

  async #startCopy(): Promise<void> {
    const { copyPath, header, crc32c, live, budgetBytes } = this.#options;
    const { liveBytes: remaining, sequence } = live;
    const log = await LogFile.create(copyPath, encodeHeader(header, crc32c), journalGrowthBytes(budgetBytes));
    this.#copy = { log, sequence, cursor: 0, remaining };
  }

  async #stepCopy(copy: Copy): Promise<void> {
    const { frames, cursor } = this.#options.live.collect(copy.cursor, copy.sequence, SLICE_BYTES);
    if (frames.length > 0) await copy.log.append(frames);
    copy.cursor = cursor;
    copy.remaining = Math.max(0, copy.remaining - frames.length);
    if (cursor === 0) await this.#finishCopy(copy);
  }

  async #finishCopy(copy: Copy): Promise<void> {
    const { copyPath, path } = this.#options;
    await copy.log.sync();
    await rename(copyPath, path);
    const old = this.#log;
    this.#log = copy.log;
    this.#copy = undefined;
    await old.close();
    await syncDirectory(path);
  }

  /** A copy that fails is given up, and not tried again for a while; the journal itself stays as it is. */
  async #guardCopy(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#copyError = error as Error;
      this.#options.onCopyFailed(error);
      this.#copyPausedUntilMs = this.#options.clock.nowMs() + COPY_RETRY_MS;
      const copy = this.#copy;
      this.#copy = undefined;
      await copy?.log.close().catch(() => undefined);
      await rm(this.#options.copyPath, { force: true }).catch(() => undefined);
    }
  }
}
