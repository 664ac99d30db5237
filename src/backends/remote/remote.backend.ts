import { type Arena, type ArenaHandle } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { all, type Awaitable } from '../../common/awaitable.js';
import { type Clock } from '../../common/clock.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { backendClosed, chunkNotSealed } from '../backend-errors.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ChunkFilter,
  type ContainsOptions,
  type PutOutcome,
  type ReadOutcome,
  type ScanPage,
  type StorageBackend,
} from '../storage-backend.interface.js';
import { type RemoteLogger } from './remote-logger.interface.js';
import { createRemoteTier, type RemoteTier } from './remote-tier.js';
import { type RemoteOptions } from './remote.config.js';

export interface RemoteBackendOptions {
  readonly name: string;
  /** What errors and logs call the store. */
  readonly label: string;
  readonly connector: RemoteConnector;
  readonly options: RemoteOptions;
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
  readonly logger: RemoteLogger;
}

/**
 * Chunks in a store elsewhere, through a connector. Nothing that the store does becomes an error here: what it does not
 * give is a miss, what it does not take is a put that failed.
 */
export class RemoteBackend implements StorageBackend {
  readonly type = 'remote';
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  readonly #tier: RemoteTier;
  #isOpen = false;
  /** Settles when the latest `open` or `close` has. */
  #changing: Promise<void> | undefined;

  /** @throws KV_CONFIG_INVALID for a serde that the store cannot have. */
  constructor(options: RemoteBackendOptions) {
    const { persistent, shared, list, ttl, metadata, maxValueBytes } = options.connector.capabilities;
    this.name = options.name;
    this.capabilities = {
      persistent,
      shared,
      zeroCopy: false,
      scan: list,
      expiry: ttl && metadata === 'any',
      metadata,
      accounted: false,
      maxChunkBytes: maxValueBytes,
    };
    this.#tier = createRemoteTier({ ...options, expiry: this.capabilities.expiry });
  }

  /** A store that cannot be reached is not an error: it is reached later. @throws for one that refuses us. */
  open(): Promise<void> {
    this.#isOpen = true;
    return this.#change(async () => {
      try {
        await this.#tier.open();
      } catch (error) {
        this.#isOpen = false;
        throw error;
      }
    });
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return this.#change(() => this.#tier.close());
  }

  contains(key: ChunkKey, options?: ContainsOptions): Awaitable<boolean> {
    return this.#with(({ lookups }) => lookups.contains(key, options));
  }

  containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Awaitable<number> {
    return this.#with(({ lookups }) => lookups.containsPrefix(keys, options));
  }

  isPutPending(key: ChunkKey): boolean {
    return this.#tier.pending.find(key)?.chunk !== undefined;
  }

  putMany(handles: readonly ArenaHandle[]): Awaitable<readonly PutOutcome[]> {
    for (const { state } of handles) if (state === 'reserved') throw chunkNotSealed(this.name);
    if (!this.#isOpen || this.#changing === undefined)
      return this.#with(({ puts }) => all(handles.map((handle) => puts.put(handle))));
    const kept = handles.map((handle) => handle.retain());
    const outcomes = this.#with(({ puts }) => all(kept.map((handle) => puts.put(handle))));
    return Promise.resolve(outcomes).finally(() => {
      for (const handle of kept) handle[Symbol.dispose]();
    });
  }

  get(key: ChunkKey): Awaitable<ReadOutcome> {
    return this.#with(({ reads }) => reads.get(key));
  }

  getMany(keys: readonly ChunkKey[]): Awaitable<readonly ReadOutcome[]> {
    return this.#with(({ reads }) => reads.getMany(keys));
  }

  /** Protects nothing: a store elsewhere evicts as it likes. @returns whether the chunk is there. */
  pin(key: ChunkKey): Awaitable<boolean> {
    return this.contains(key);
  }

  unpin(key: ChunkKey): Awaitable<boolean> {
    return this.contains(key);
  }

  remove(key: ChunkKey): Awaitable<boolean> {
    return this.#with(({ removals }) => removals.remove(key));
  }

  removeMany(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]> {
    return this.#with(({ removals }) => removals.removeMany(keys));
  }

  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean> {
    return this.#with(({ expiry }) => expiry.expire(key, expiresAtMs));
  }

  expiresAtMs(key: ChunkKey): Awaitable<number | undefined> {
    return this.#with(({ expiry }) => expiry.expiresAtMs(key));
  }

  clear(filter: ChunkFilter = {}): Awaitable<number> {
    return this.#with(({ listing }) => listing.clear(filter));
  }

  scan(cursor: number, count: number): Awaitable<ScanPage> {
    return this.#with(({ listing }) => listing.scan(cursor, count));
  }

  usage(): BackendUsage {
    const { counters, health, hidden } = this.#tier;
    return {
      capacityBytes: 0,
      usedBytes: 0,
      chunks: 0,
      evictions: 0,
      leasedBytes: 0,
      pinnedBytes: 0,
      corruptions: counters.corruptions,
      healthy: !this.#isOpen || health.isUp,
      counters: {
        errors: counters.errors,
        hidden_keys: hidden.everHidden,
        hidden_keys_forgotten: hidden.forgotten,
      },
    };
  }

  #with<T>(operation: (tier: RemoteTier) => Awaitable<T>): Awaitable<T> {
    if (!this.#isOpen) throw backendClosed(this.name);
    if (this.#changing === undefined) return operation(this.#tier);
    return this.#changing.then(() => {
      if (!this.#isOpen) throw backendClosed(this.name);
      return operation(this.#tier);
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
}
