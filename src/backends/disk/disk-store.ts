import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type PutOutcome, type ReadOutcome, type ReplaceOutcome } from '../storage-backend.interface.js';
import { type ChunkReader } from './chunk-reader.js';
import { type ChunkWriter } from './chunk-writer.js';
import { type DataFile } from './data-file.js';
import { type Departures } from './departures.js';
import { type DirectoryLock } from './directory-lock.js';
import { type DiskIndex } from './disk-index.js';
import { type Durability } from './durability.js';
import { type Journal } from './journal.js';
import { type MediumHealth } from './medium-health.js';
import { encodeExpire, encodeUses } from './record-codec.js';

export interface DiskStoreParts {
  readonly lock: DirectoryLock;
  readonly file: DataFile;
  readonly journal: Journal;
  readonly durability: Durability;
  readonly departures: Departures;
  readonly writer: ChunkWriter;
  readonly reader: ChunkReader;
  readonly health: MediumHealth;
}

/** One directory, locked and open: its files, and the index that was rebuilt from them. */
export class DiskStore {
  constructor(
    readonly index: DiskIndex,
    private readonly parts: DiskStoreParts,
  ) {}

  putMany(handles: readonly ArenaHandle[]): Promise<readonly PutOutcome[]> {
    return Promise.all(handles.map((handle) => this.parts.writer.put(handle)));
  }

  isPutPending(key: ChunkKey): boolean {
    return this.parts.writer.isPending(key);
  }

  get(key: ChunkKey): Awaitable<ReadOutcome> {
    return this.parts.reader.get(key);
  }

  peek(key: ChunkKey): Awaitable<ReadOutcome> {
    return this.parts.reader.get(key, false);
  }

  async replace(handle: ArenaHandle): Promise<ReplaceOutcome> {
    const { key } = handle;
    const outcome = await this.parts.writer.replace(handle);
    const entry = outcome === 'stored' ? this.index.resident.find(key) : -1;
    if (entry === -1) return outcome;
    // It may have been set while the record was written.
    const expiresAtMs = this.index.resident.expiresAtMs(entry);
    if (expiresAtMs !== handle.attributes.expiresAtMs) await this.expire(entry, expiresAtMs);
    return outcome;
  }

  /** Answers when the chunk would not come back after a crash either. */
  async remove(key: ChunkKey): Promise<boolean> {
    const cancelled = this.parts.writer.cancel(key);
    const removed = this.index.removeKey(key);
    await this.departed();
    return removed || cancelled;
  }

  /** Puts on their way do not appear, nor do the older chunks that they were to replace. @returns how many. */
  cancelPuts(selects: (key: ChunkKey) => boolean): number {
    const keys = this.parts.writer.cancelAll(selects);
    for (const key of keys) this.index.removeKey(key);
    return keys.length;
  }

  /** Resolves when the journal says of everything that left the index, or never got there, that it is gone. */
  async departed(): Promise<void> {
    await this.parts.writer.recorded();
    await this.parts.departures.settled();
  }

  expire(entry: number, expiresAtMs: number): Promise<void> {
    const { journal, health } = this.parts;
    this.index.setExpiresAtMs(entry, expiresAtMs);
    const { firstBlock, sequence } = this.index.at(entry);
    return new Promise((resolve) =>
      journal.append(encodeExpire({ firstBlock, sequence, expiresAtMs }), (error) => {
        if (error !== undefined) health.failed(error);
        resolve();
      }),
    );
  }

  /** Whether the files are still what their names in the directory stand for. */
  get isThere(): boolean {
    return this.parts.file.isThere && this.parts.journal.isThere;
  }

  /** Finishes what was accepted, and leaves the directory to others. Never fails: what cannot be written is lost. */
  async close(): Promise<void> {
    const { writer, reader, departures, durability, file, journal, lock } = this.parts;
    await writer.settled();
    await reader.settled();
    departures.retry();
    await departures.settled();
    this.#noteUses();
    await journal.settled();
    await durability.end();
    await Promise.allSettled([file.close(), journal.close()]);
    await lock.release();
  }

  /** So that the order of use, which puts alone do not tell, survives. */
  #noteUses(): void {
    for (let cursor = 0; ;) {
      const { uses, cursor: next } = this.index.uses(cursor);
      if (uses.length > 0) this.parts.journal.append(encodeUses(uses), () => undefined);
      cursor = next;
      if (cursor === 0) return;
    }
  }
}
