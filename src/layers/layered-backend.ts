import { type ArenaHandle } from '../arena/arena.interface.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ChunkFilter,
  type ContainsOptions,
  type PutOutcome,
  type ReadOutcome,
  type ScanPage,
  type StorageBackend,
} from '../backends/storage-backend.interface.js';
import { type Awaitable } from '../common/awaitable.js';
import { isKvError } from '../common/errors/kv-error.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { chainLayers, type LayerChain } from './layer-chain.js';
import { type Layer, type LayerOperation } from './layer.interface.js';
import { PendingPuts } from './pending-puts.js';
import { TargetCall } from './target-call.js';

/**
 * A backend whose calls go through layers, of which the first is outermost. What a layer answers with an error
 * (`KV_REMOTE_…`: no time, no room, out of order) is answered as by a tier whose medium fails: reads are misses, puts
 * fail. Every answer is a promise: layers are for what is slow.
 */
export function layeredBackend(backend: StorageBackend, layers: readonly Layer[]): StorageBackend {
  return new LayeredBackend(backend, chainLayers(layers));
}

class LayeredBackend implements StorageBackend {
  readonly #puts = new PendingPuts();

  constructor(
    private readonly target: StorageBackend,
    private readonly layers: LayerChain,
  ) {}

  get name(): string {
    return this.target.name;
  }

  get type(): string {
    return this.target.type;
  }

  get capabilities(): BackendCapabilities {
    return this.target.capabilities;
  }

  open(): Promise<void> {
    return this.layers.call(new TargetCall('open', 0, () => this.target.open()));
  }

  async close(): Promise<void> {
    await this.#puts.settled();
    await this.layers.close(() => this.target.close());
  }

  contains(key: ChunkKey, options?: ContainsOptions): Promise<boolean> {
    return this.#ask('contains', 1, () => this.target.contains(key, options), false);
  }

  containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<number> {
    return this.#ask('containsPrefix', keys.length, () => this.target.containsPrefix(keys, options), 0);
  }

  isPutPending(key: ChunkKey): boolean {
    return this.#puts.has(key) || this.target.isPutPending(key);
  }

  /** The chunks are kept until the outcome is known: layers may let them wait, or send them again. */
  putMany(handles: readonly ArenaHandle[]): Promise<readonly PutOutcome[]> {
    return this.#puts.track(handles, (kept) => {
      const invoke = (): Awaitable<readonly PutOutcome[]> => this.target.putMany(kept);
      const call = new TargetCall('putMany', kept.length, invoke, undefined, kept);
      return this.layers.call(call).catch(answered<readonly PutOutcome[]>(kept.map(() => 'failed')));
    });
  }

  get(key: ChunkKey): Promise<ReadOutcome> {
    return this.#ask<ReadOutcome>('get', 1, () => this.target.get(key), 'miss');
  }

  getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    const misses = keys.map((): ReadOutcome => 'miss');
    return this.#ask('getMany', keys.length, () => this.target.getMany(keys), misses);
  }

  pin(key: ChunkKey, timeoutMs: number): Promise<boolean> {
    return this.#ask('pin', 1, () => this.target.pin(key, timeoutMs), false);
  }

  unpin(key: ChunkKey): Promise<boolean> {
    return this.#ask('unpin', 1, () => this.target.unpin(key), false);
  }

  remove(key: ChunkKey): Promise<boolean> {
    return this.#ask('remove', 1, () => this.target.remove(key), false);
  }

  removeMany(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    const none = keys.map(() => false);
    return this.#ask('removeMany', keys.length, () => this.target.removeMany(keys), none);
  }

  expire(key: ChunkKey, expiresAtMs: number): Promise<boolean> {
    return this.#ask('expire', 1, () => this.target.expire(key, expiresAtMs), false);
  }

  expiresAtMs(key: ChunkKey): Promise<number | undefined> {
    return this.#ask('expiresAtMs', 1, () => this.target.expiresAtMs(key), undefined);
  }

  clear(filter?: ChunkFilter): Promise<number> {
    return this.#ask('clear', 0, () => this.target.clear(filter), 0);
  }

  scan(cursor: number, count: number): Promise<ScanPage> {
    return this.#ask('scan', 0, () => this.target.scan(cursor, count), { keys: [], cursor: 0 });
  }

  usage(): BackendUsage {
    return this.target.usage();
  }

  #ask<T>(operation: LayerOperation, keys: number, invoke: () => Awaitable<T>, otherwise: T): Promise<T> {
    return this.layers.call(new TargetCall<T>(operation, keys, invoke)).catch(answered(otherwise));
  }
}

/** Errors of layers become this answer; those of the backend are broken promises and stay. */
function answered<T>(answer: T): (error: unknown) => T {
  return (error) => {
    if (isKvError(error) && error.code.startsWith('KV_REMOTE_')) return answer;
    throw error;
  };
}
