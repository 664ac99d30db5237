import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { all, type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { backendClosed, chunkNotSealed } from '../backend-errors.js';
import { chunkFilter } from '../chunk-filter.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ChunkFilter,
  type ContainsOptions,
  type InPlace,
  type PutOutcome,
  type ReadOutcome,
  type ReplaceOutcome,
  type ScanPage,
  type StorageBackend,
} from '../storage-backend.interface.js';
import { planLayout } from './disk-layout.js';
import { type DiskStore } from './disk-store.js';
import { DiskOptions } from './disk.config.js';
import { MediumHealth } from './medium-health.js';
import { openDiskStore, type DiskTierOptions } from './open-disk-store.js';

export interface DiskBackendOptions extends Omit<DiskTierOptions, 'options'> {
  readonly options?: DiskOptions;
}

const NOTHING = { usedBytes: 0, size: 0, evictions: 0, leasedBytes: 0, pinnedBytes: 0 };
/** Chunks removed before others get a turn. */
const CLEAR_BATCH = 2048;

/**
 * Keeps chunks in one file of a directory. Bytes go straight between the file and the arena; an append-only journal
 * says which chunks there are. Survives a restart, and a kill at any moment.
 */
export class DiskBackend implements StorageBackend {
  readonly type = 'disk';
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  readonly inPlace: InPlace = {
    peek: (key) => this.#with<ReadOutcome>('miss', (store) => store.peek(key)),
    replace: async (handle) => {
      if (handle.state === 'reserved') throw chunkNotSealed(this.name);
      using kept = handle.retain();
      return await this.#with<ReplaceOutcome>('missing', (store) => store.replace(kept));
    },
  };
  readonly #options: DiskTierOptions;
  readonly #reads: MediumHealth;
  readonly #writes: MediumHealth;
  #isOpen = false;
  /** Undefined unless open; also when the directory is gone and nobody could open it again. */
  #store: DiskStore | undefined;
  /** Settles when the latest `open` or `close` has. */
  #changing: Promise<void> | undefined;
  #corruptions = 0;

  /** @throws KV_DISK_CAPACITY */
  constructor(options: DiskBackendOptions) {
    const { name, path, capacityBytes, clock, logger } = options;
    this.name = name;
    this.#options = { ...options, options: options.options ?? new DiskOptions() };
    this.#reads = new MediumHealth(`Disk tier "${name}": reading from ${path}`, clock, logger);
    this.#writes = new MediumHealth(`Disk tier "${name}": writing to ${path}`, clock, logger);
    const { blocks, blockBytes } = planLayout(capacityBytes, options.options?.index_size);
    this.capabilities = {
      persistent: true,
      shared: false,
      zeroCopy: false,
      scan: true,
      expiry: true,
      metadata: 'any',
      accounted: true,
      encodings: true,
      maxChunkBytes: blocks * blockBytes,
    };
  }

  open(): Promise<void> {
    this.#isOpen = true;
    return this.#change(async () => {
      if (this.#store !== undefined) return;
      try {
        this.#store = await this.#openStore();
      } catch (error) {
        this.#isOpen = false;
        throw error;
      }
    });
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return this.#change(() => this.#closeStore());
  }

  contains(key: ChunkKey, options?: ContainsOptions): Awaitable<boolean> {
    return this.#with(false, (store) => this.#contains(store, key, options));
  }

  containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Awaitable<number> {
    return this.#with(0, (store) => {
      const missing = keys.findIndex((key) => !this.#contains(store, key, options));
      return missing === -1 ? keys.length : missing;
    });
  }

  isPutPending(key: ChunkKey): boolean {
    return this.#store?.isPutPending(key) ?? false;
  }

  putMany(handles: readonly ArenaHandle[]): Awaitable<readonly PutOutcome[]> {
    for (const { state } of handles) if (state === 'reserved') throw chunkNotSealed(this.name);
    if (this.#isOpen && this.#isGone) this.#reopen();
    const failed = handles.map((): PutOutcome => 'failed');
    if (!this.#isOpen || this.#changing === undefined)
      return this.#with(failed, (store) => store.putMany(handles));
    const kept = handles.map((handle) => handle.retain());
    return Promise.resolve(this.#with(failed, (store) => store.putMany(kept))).finally(() => {
      for (const handle of kept) handle[Symbol.dispose]();
    });
  }

  get(key: ChunkKey): Awaitable<ReadOutcome> {
    return this.#with<ReadOutcome>('miss', (store) => store.get(key));
  }

  getMany(keys: readonly ChunkKey[]): Awaitable<readonly ReadOutcome[]> {
    return this.#with<readonly ReadOutcome[]>(
      keys.map(() => 'miss'),
      (store) => all(keys.map((key) => store.get(key))),
    );
  }

  pin(key: ChunkKey, timeoutMs: number): Awaitable<boolean> {
    return this.#withEntry(key, false, ({ index }, entry) => {
      index.resident.pin(entry, timeoutMs);
      return true;
    });
  }

  unpin(key: ChunkKey): Awaitable<boolean> {
    return this.#withEntry(key, false, ({ index }, entry) => index.resident.unpin(entry));
  }

  remove(key: ChunkKey): Awaitable<boolean> {
    return this.#with(false, (store) => store.remove(key));
  }

  removeMany(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]> {
    return this.#with<readonly boolean[]>(
      keys.map(() => false),
      (store) => all(keys.map((key) => store.remove(key))),
    );
  }

  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean> {
    return this.#withEntry(key, false, (store, entry) => store.expire(entry, expiresAtMs).then(() => true));
  }

  expiresAtMs(key: ChunkKey): Awaitable<number | undefined> {
    return this.#withEntry<number | undefined>(key, undefined, ({ index }, entry) =>
      index.resident.expiresAtMs(entry),
    );
  }

  clear(filter: ChunkFilter = {}): Awaitable<number> {
    return this.#with(0, async (store) => {
      let removed = store.cancelPuts(chunkFilter(filter));
      let cursor = 0;
      do {
        if (cursor !== 0) await nextTurn();
        await store.departed();
        const step = store.index.resident.clear(filter, cursor, CLEAR_BATCH);
        removed += step.removed;
        cursor = step.cursor;
      } while (cursor !== 0);
      await store.departed();
      return removed;
    });
  }

  scan(cursor: number, count: number): Awaitable<ScanPage> {
    return this.#with<ScanPage>({ keys: [], cursor: 0 }, ({ index }) => {
      const keys: ChunkKey[] = [];
      const next = index.resident.scan(cursor, count, (entry) => {
        keys.push(index.keyOf(entry));
      });
      return { keys, cursor: next };
    });
  }

  usage(): BackendUsage {
    const { usedBytes, size, evictions, leasedBytes, pinnedBytes } = this.#store?.index.resident ?? NOTHING;
    return {
      capacityBytes: this.#options.capacityBytes,
      usedBytes,
      chunks: size,
      evictions,
      leasedBytes,
      pinnedBytes,
      corruptions: this.#corruptions,
      healthy: this.#reads.healthy && this.#writes.healthy,
    };
  }

  #contains({ index }: DiskStore, key: ChunkKey, options: ContainsOptions | undefined): boolean {
    const entry = index.resident.find(key);
    if (entry === -1 || !this.#reads.isDue) return false;
    if (options?.withMetadata && !index.resident.hasMetadata(entry)) return false;
    if (options?.leaseMs !== undefined) {
      index.resident.lease(entry, options.leaseMs);
      index.touch(entry);
    }
    return true;
  }

  /** @param missing the answer while the directory is gone. */
  #with<T>(missing: T, operation: (store: DiskStore) => Awaitable<T>): Awaitable<T> {
    if (!this.#isOpen) throw backendClosed(this.name);
    const changing = this.#changing;
    return changing === undefined
      ? this.#withStore(missing, operation)
      : changing.then(() => this.#withStore(missing, operation));
  }

  #withStore<T>(missing: T, operation: (store: DiskStore) => Awaitable<T>): Awaitable<T> {
    if (this.#store !== undefined) return operation(this.#store);
    if (!this.#isOpen) throw backendClosed(this.name);
    return missing;
  }

  #withEntry<T>(
    key: ChunkKey,
    missing: T,
    operation: (store: DiskStore, entry: number) => Awaitable<T>,
  ): Awaitable<T> {
    return this.#with(missing, (store) => {
      const entry = store.index.resident.find(key);
      return entry === -1 ? missing : operation(store, entry);
    });
  }

  /** Opens and closes one after the other. */
  #change(step: () => Promise<void>): Promise<void> {
    const before = this.#changing ?? Promise.resolve();
    const result = before.then(step).finally(() => {
      if (this.#changing === changing) this.#changing = undefined;
    });
    const changing = result.catch(() => undefined);
    this.#changing = changing;
    return result;
  }

  async #openStore(): Promise<DiskStore> {
    const store = await openDiskStore({
      ...this.#options,
      reads: this.#reads,
      writes: this.#writes,
      onCorrupt: (key) => this.#countCorruption(key),
    });
    this.#reads.succeeded();
    this.#writes.succeeded();
    return store;
  }

  async #closeStore(): Promise<void> {
    const store = this.#store;
    await store?.close();
    this.#store = undefined;
  }

  /** Whether writing fails because the files were deleted, and it is time to start over. */
  get #isGone(): boolean {
    if (this.#writes.healthy || this.#changing !== undefined || !this.#writes.isDue) return false;
    return this.#store === undefined || !this.#store.isThere;
  }

  /** What is in the directory now counts. */
  #reopen(): void {
    this.#writes.allows();
    void this.#change(async () => {
      await this.#closeStore();
      try {
        this.#store = await this.#openStore();
      } catch (error) {
        this.#writes.failed(error);
      }
    });
  }

  #countCorruption(key: ChunkKey): void {
    this.#corruptions++;
    this.#options.logger.warn(
      `Disk tier "${this.name}": a chunk failed its checksum and was dropped: ${String(key)}`,
    );
  }
}
