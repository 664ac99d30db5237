import { type ArenaHandle } from '../arena/arena.interface.js';
import { KeyOrder } from '../backends/key-order.js';
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
  /** Layers may delay a call, or make it again: what is called after it must not overtake it. */
  readonly #order = new KeyOrder();

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

  get inPlace(): InPlace | undefined {
    const { inPlace } = this.target;
    return (
      inPlace && {
        peek: (key) => this.#read<ReadOutcome>('get', [key], () => inPlace.peek(key), 'miss'),
        replace: (handle) => this.#replace(handle, inPlace),
      }
    );
  }

  open(): Promise<void> {
    return this.layers.call(new TargetCall('open', 0, () => this.target.open()));
  }

  async close(): Promise<void> {
    await this.#puts.settled();
    await this.layers.close(() => this.target.close());
  }

  contains(key: ChunkKey, options?: ContainsOptions): Promise<boolean> {
    return this.#read('contains', [key], () => this.target.contains(key, options), false);
  }

  containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<number> {
    return this.#read('containsPrefix', keys, () => this.target.containsPrefix(keys, options), 0);
  }

  isPutPending(key: ChunkKey): boolean {
    return this.#puts.has(key) || this.target.isPutPending(key);
  }

  putMany(handles: readonly ArenaHandle[]): Promise<readonly PutOutcome[]> {
    return this.#puts.track(handles, (kept, keys) => {
      const invoke = (): Awaitable<readonly PutOutcome[]> => this.target.putMany(kept);
      const call = new TargetCall('putMany', kept.length, invoke, undefined, kept);
      const failed = kept.map((): PutOutcome => 'failed');
      return this.#order.write(keys, () => this.#answer<readonly PutOutcome[]>(call, failed));
    });
  }

  get(key: ChunkKey): Promise<ReadOutcome> {
    return this.#read<ReadOutcome>('get', [key], () => this.target.get(key), 'miss');
  }

  getMany(keys: readonly ChunkKey[]): Promise<readonly ReadOutcome[]> {
    const misses = keys.map((): ReadOutcome => 'miss');
    return this.#read<readonly ReadOutcome[]>('getMany', keys, () => this.target.getMany(keys), misses);
  }

  pin(key: ChunkKey, timeoutMs: number): Promise<boolean> {
    return this.#write('pin', [key], () => this.target.pin(key, timeoutMs), false);
  }

  unpin(key: ChunkKey): Promise<boolean> {
    return this.#write('unpin', [key], () => this.target.unpin(key), false);
  }

  remove(key: ChunkKey): Promise<boolean> {
    return this.#write('remove', [key], () => this.target.remove(key), false);
  }

  removeMany(keys: readonly ChunkKey[]): Promise<readonly boolean[]> {
    const none = keys.map(() => false);
    return this.#write<readonly boolean[]>('removeMany', keys, () => this.target.removeMany(keys), none);
  }

  expire(key: ChunkKey, expiresAtMs: number): Promise<boolean> {
    return this.#write('expire', [key], () => this.target.expire(key, expiresAtMs), false);
  }

  expiresAtMs(key: ChunkKey): Promise<number | undefined> {
    return this.#read<number | undefined>(
      'expiresAtMs',
      [key],
      () => this.target.expiresAtMs(key),
      undefined,
    );
  }

  async clear(filter?: ChunkFilter): Promise<number> {
    await this.#puts.settled();
    return this.#answer(new TargetCall('clear', 0, () => this.target.clear(filter)), 0);
  }

  scan(cursor: number, count: number): Promise<ScanPage> {
    const call = new TargetCall<ScanPage>('scan', 0, () => this.target.scan(cursor, count));
    return this.#answer(call, { keys: [], cursor: 0 });
  }

  usage(): BackendUsage {
    return this.target.usage();
  }

  #replace(handle: ArenaHandle, inPlace: InPlace): Promise<ReplaceOutcome> {
    return this.#puts.track([handle], ([kept = handle], keys) => {
      const call = new TargetCall<ReplaceOutcome>('putMany', 1, () => inPlace.replace(kept), undefined, [
        kept,
      ]);
      return this.#order.write(keys, () => this.#answer(call, 'failed'));
    });
  }

  #read<T>(
    operation: LayerOperation,
    keys: readonly ChunkKey[],
    invoke: () => Awaitable<T>,
    otherwise: T,
  ): Promise<T> {
    const call = new TargetCall(operation, keys.length, invoke);
    return this.#order.read(keys, () => this.#answer(call, otherwise));
  }

  #write<T>(
    operation: LayerOperation,
    keys: readonly ChunkKey[],
    invoke: () => Awaitable<T>,
    otherwise: T,
  ): Promise<T> {
    const call = new TargetCall(operation, keys.length, invoke);
    return this.#order.write(keys, () => this.#answer(call, otherwise));
  }

  /** Errors of layers become this answer; those of the backend are broken promises and stay. */
  #answer<T>(call: TargetCall<T>, otherwise: T): Promise<T> {
    return this.layers.call(call).catch((error: unknown) => {
      if (isKvError(error) && error.code.startsWith('KV_REMOTE_')) return otherwise;
      throw error;
    });
  }
}
