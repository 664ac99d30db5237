import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { backendClosed, chunkNotSealed } from '../backend-errors.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ChunkFilter,
  type ContainsOptions,
  type InPlace,
  type PutOutcome,
  type ReadOutcome,
  type ScanPage,
  type StorageBackend,
} from '../storage-backend.interface.js';
import { type MediumBackendOptions } from './medium-backend-options.interface.js';
import { MediumStore } from './medium-store.js';

/** Chunks removed before others get a turn. */
const CLEAR_BATCH = 2048;
const NOTHING = { usedBytes: 0, size: 0, evictions: 0, leasedBytes: 0, pinnedBytes: 0 };

/** A whole backend over a medium that only knows numbered records: the books are kept here. */
export class MediumBackend implements StorageBackend {
  readonly name: string;
  readonly type: string;
  readonly capabilities: BackendCapabilities;
  readonly inPlace: InPlace = {
    peek: async (key) => (await this.#ready()).get(key, false),
    replace: async (handle) => {
      if (handle.state === 'reserved') throw chunkNotSealed(this.name);
      using kept = handle.retain();
      return await (await this.#ready()).replace(kept);
    },
  };
  readonly #options: MediumBackendOptions;
  #opening: Promise<MediumStore> | undefined;
  #store: MediumStore | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MediumBackendOptions) {
    this.#options = options;
    this.name = options.name;
    this.type = options.type;
    this.capabilities = {
      persistent: options.medium.persistent,
      shared: false,
      zeroCopy: false,
      scan: true,
      expiry: true,
      metadata: 'any',
      accounted: true,
      encodings: true,
      maxChunkBytes: Math.min(options.capacityBytes, options.arena.usage().dataBytes),
    };
  }

  async open(): Promise<void> {
    this.#opening ??= this.#restore();
    await this.#opening;
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = this.#store = undefined;
    if (opening !== undefined) this.#closing = this.#shut(opening);
    await this.#closing;
  }

  async contains(key: ChunkKey, options?: ContainsOptions): Promise<boolean> {
    return contains(await this.#ready(), key, options);
  }

  async containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<number> {
    const store = await this.#ready();
    const missing = keys.findIndex((key) => !contains(store, key, options));
    return missing === -1 ? keys.length : missing;
  }

  isPutPending(key: ChunkKey): boolean {
    return this.#store?.isPutPending(key) ?? false;
  }

  putMany(handles: readonly ArenaHandle[]): Promise<readonly PutOutcome[]> {
    if (handles.some(({ state }) => state === 'reserved')) throw chunkNotSealed(this.name);
    if (this.#store !== undefined) return putAll(this.#store, handles);
    const ready = this.#ready();
    const kept = handles.map((handle) => handle.retain());
    const giveBack = (): void => {
      for (const handle of kept) handle[Symbol.dispose]();
    };
    return ready.then((store) => putAll(store, kept)).finally(giveBack);
  }

  async get(key: ChunkKey): Promise<ReadOutcome> {
    return (await this.#ready()).get(key);
  }

  async getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    const store = await this.#ready();
    return Promise.all(keys.map((key) => store.get(key)));
  }

  pin(key: ChunkKey, timeoutMs: number): Promise<boolean> {
    return this.#with(key, ({ resident }, entry) => {
      resident.pin(entry, timeoutMs);
      return true;
    });
  }

  unpin(key: ChunkKey): Promise<boolean> {
    return this.#with(key, ({ resident }, entry) => resident.unpin(entry));
  }

  remove(key: ChunkKey): Promise<boolean> {
    return this.#with(key, (store, entry) => store.remove(entry));
  }

  async removeMany(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    await this.#ready();
    return Promise.all(keys.map((key) => this.remove(key)));
  }

  expire(key: ChunkKey, expiresAtMs: number): Promise<boolean> {
    return this.#with(key, (store, entry) => store.expire(entry, expiresAtMs));
  }

  async expiresAtMs(key: ChunkKey): Promise<number | undefined> {
    const { resident } = await this.#ready();
    const entry = resident.find(key);
    return entry === -1 ? undefined : resident.expiresAtMs(entry);
  }

  async clear(filter: ChunkFilter = {}): Promise<number> {
    const store = await this.#ready();
    let removed = 0;
    let cursor = 0;
    do {
      const step = store.resident.clear(filter, cursor, CLEAR_BATCH);
      removed += step.removed;
      cursor = step.cursor;
      await nextTurn();
    } while (cursor !== 0);
    await store.settled();
    return removed;
  }

  async scan(cursor: number, count: number): Promise<ScanPage> {
    const store = await this.#ready();
    const keys: ChunkKey[] = [];
    const next = store.resident.scan(cursor, count, (entry) => {
      keys.push(store.keyOf(entry));
    });
    return { keys, cursor: next };
  }

  usage(): BackendUsage {
    const { usedBytes, size, evictions, leasedBytes, pinnedBytes } = this.#store?.resident ?? NOTHING;
    const { agent } = this.#options.medium;
    return {
      capacityBytes: this.#options.capacityBytes,
      usedBytes,
      chunks: size,
      evictions,
      leasedBytes,
      pinnedBytes,
      corruptions: this.#store?.corruptions ?? 0,
      healthy: true,
      ...(agent && { agent }),
    };
  }

  async #restore(): Promise<MediumStore> {
    await this.#closing;
    const store = new MediumStore(this.#options);
    await store.restore();
    this.#store = store;
    return store;
  }

  async #shut(opening: Promise<MediumStore>): Promise<void> {
    const store = await opening.catch(() => undefined);
    this.#store = undefined;
    await store?.settled();
    if (store !== undefined) await this.#options.medium.close();
  }

  async #with(
    key: ChunkKey,
    action: (store: MediumStore, entry: number) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    const store = await this.#ready();
    const entry = store.resident.find(key);
    return entry !== -1 && action(store, entry);
  }

  #ready(): Promise<MediumStore> {
    if (this.#opening !== undefined) return this.#opening;
    throw backendClosed(this.name);
  }
}

function contains({ resident }: MediumStore, key: ChunkKey, options: ContainsOptions | undefined): boolean {
  const entry = resident.find(key);
  if (entry === -1 || (options?.withMetadata === true && !resident.hasMetadata(entry))) return false;
  if (options?.leaseMs !== undefined) {
    resident.lease(entry, options.leaseMs);
    resident.touch(entry);
  }
  return true;
}

/** Not one promise later: the budget counts what was accepted, and puts of one key keep their order. */
function putAll(store: MediumStore, handles: readonly ArenaHandle[]): Promise<readonly PutOutcome[]> {
  return Promise.all(handles.map((handle) => store.put(handle)));
}
