import { GhostTable } from './ghost-table.js';
import { ReuseRecord } from './reuse-record.js';

/** Chunks that were asked for once, twice, more often. */
export const KINDS = 3;
/** For so many reads and writes per chunk that is there, one that is gone is remembered. */
const SPAN = 12;
const GHOSTS_PER_CHUNK = 12;
const EPOCH_BITS = 12;
const EPOCH_MASK = (1 << EPOCH_BITS) - 1;
const LEAST_ROOM = 64;
/** A tier that holds this part of the chunks that it held is followed for less long. */
const SHRUNK = 0.25;

/** What is known of chunks that are gone, and of all of them when they come back. Times are counts of reads and writes. */
export class ReuseHistory {
  #room = LEAST_ROOM;
  #ghosts = new GhostTable(LEAST_ROOM * GHOSTS_PER_CHUNK);
  #record = new ReuseRecord(KINDS, LEAST_ROOM * SPAN, 0);

  get allocatedBytes(): number {
    return this.#ghosts.allocatedBytes + this.#record.allocatedBytes;
  }

  get record(): ReuseRecord {
    return this.#record;
  }

  /** Makes it as large as the tier. The chunks that are gone are forgotten when that changes by much, their times are not. */
  fit(size: number, now: number): void {
    if (size <= this.#room && (size >= SHRUNK * this.#room || this.#room === LEAST_ROOM)) return;
    this.#room = Math.max(LEAST_ROOM, Math.ceil(1.5 * size));
    this.#ghosts = new GhostTable(this.#room * GHOSTS_PER_CHUNK);
    this.#record = new ReuseRecord(KINDS, this.#room * SPAN, now, this.#record);
  }

  /** A chunk is gone. @param since when it was last asked for. */
  leave(first: number, second: number, kind: number, since: number): void {
    const epoch = this.#record.epochAt(since) & EPOCH_MASK;
    this.#ghosts.put(first, second, (kind << EPOCH_BITS) | epoch);
  }

  /** A chunk is there that was not. @returns its kind: it may have been there before. */
  comeBack(first: number, second: number, now: number): number {
    const note = this.#ghosts.take(first, second);
    if (note === -1) return 0;
    const since = this.#record.timeOf(note, EPOCH_MASK, now);
    if (now - since > this.#room * SPAN) return 0;
    const kind = note >>> EPOCH_BITS;
    this.#record.reuse(kind, since, now);
    return Math.min(kind + 1, KINDS - 1);
  }
}
