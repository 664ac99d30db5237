import { PagedColumn } from '../../common/paged-column.js';
import {
  decodeExpire,
  decodeRemove,
  decodeUses,
  isPutRecord,
  PutRecordView,
  RecordType,
  type RemoveRecord,
} from './record-codec.js';
import { type RecordStore } from './record-store.js';

export interface ReplayOptions {
  readonly blocks: number;
  readonly blockBytes: number;
  /** Size of the data file: what lies behind its end is lost. */
  readonly dataBytes: number;
  /** Where records are kept; what remains alive stays there. */
  readonly records: RecordStore;
}

/**
 * Plays a journal back. Every block belongs to at most one chunk: where two records claim one block, the later put is
 * right, and the other chunk is gone, whatever happened to the record of its removal.
 */
export class JournalReplay {
  readonly #options: ReplayOptions;
  /** For each block, the number of the record that has it; 0 = none. */
  readonly #owner: Uint32Array;
  /** For each record number, where it is kept plus one; 0 = dropped. */
  readonly #reference = new PagedColumn(Uint32Array);
  readonly #view = new PutRecordView();
  #count = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#owner = new Uint32Array(options.blocks);
  }

  apply(body: Buffer): void {
    const type = body[0];
    if (isPutRecord(body)) this.#put(body);
    else if (type === RecordType.Remove) this.#remove(body);
    else if (type === RecordType.Expire) this.#expire(body);
    else if (type === RecordType.Uses) this.#noteUses(body);
  }

  /** References of the chunks that are alive, least recently used first. */
  live(): Uint32Array {
    const lastUse = new Float64Array(this.#count + 1);
    const numbers = new Uint32Array(this.#count);
    let live = 0;
    for (let number = 1; number <= this.#count; number++) {
      if (this.#reference.get(number) === 0) continue;
      lastUse[number] = this.#at(number).lastUse;
      numbers[live++] = number;
    }
    const order = numbers.subarray(0, live).sort((a, b) => (lastUse[a] as number) - (lastUse[b] as number));
    return order.map((number) => this.#reference.get(number) - 1);
  }

  #put(body: Buffer): void {
    const { runs, sequence, lengthBytes } = this.#view.over(body);
    const { blocks, blockBytes, dataBytes, records } = this.#options;
    let left = lengthBytes;
    for (const { page, pages } of runs) {
      left -= pages * blockBytes;
      const end = (page + pages) * blockBytes + Math.min(0, left);
      if (pages === 0 || page + pages > blocks || end > dataBytes) return;
    }
    if (left > 0 || !this.#clear(runs, sequence)) return;
    const reference = records.allocate(body.length);
    body.copy(records.slabOf(reference), records.offsetOf(reference));
    const number = ++this.#count;
    this.#reference.set(number, reference + 1);
    for (const { page, pages } of runs) this.#owner.fill(number, page, page + pages);
  }

  /** Takes the blocks from whoever had them. @returns false when one of those came later. */
  #clear(runs: readonly { page: number; pages: number }[], sequence: number): boolean {
    const owners = new Set<number>();
    for (const { page, pages } of runs) {
      for (const number of this.#owner.subarray(page, page + pages)) if (number !== 0) owners.add(number);
    }
    for (const number of owners) if (this.#at(number).sequence > sequence) return false;
    for (const number of owners) this.#drop(number);
    return true;
  }

  #remove(body: Buffer): void {
    const record = decodeRemove(body);
    const number = record === undefined ? 0 : this.#find(record);
    if (number !== 0) this.#drop(number);
  }

  #expire(body: Buffer): void {
    const record = decodeExpire(body);
    const number = record === undefined ? 0 : this.#find(record);
    if (record !== undefined && number !== 0) this.#at(number).expiresAtMs = record.expiresAtMs;
  }

  #noteUses(body: Buffer): void {
    for (const { firstBlock, lastUse } of decodeUses(body)) {
      const number = this.#owner[firstBlock] ?? 0;
      if (number !== 0) this.#at(number).lastUse = lastUse;
    }
  }

  #find({ firstBlock, sequence }: RemoveRecord): number {
    const number = this.#owner[firstBlock] ?? 0;
    if (number === 0) return 0;
    const record = this.#at(number);
    return record.sequence === sequence && record.firstBlock === firstBlock ? number : 0;
  }

  #drop(number: number): void {
    for (const { page, pages } of this.#at(number).runs) this.#owner.fill(0, page, page + pages);
    this.#options.records.free(this.#reference.get(number) - 1);
    this.#reference.set(number, 0);
  }

  #at(number: number): PutRecordView {
    const reference = this.#reference.get(number) - 1;
    const { records } = this.#options;
    return this.#view.over(records.slabOf(reference), records.offsetOf(reference));
  }
}
