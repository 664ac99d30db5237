import { type ArenaHandle } from '../../arena/arena.interface.js';
import {
  type ContainsOptions,
  type PutOutcome,
  type ReplaceOutcome,
  type StorageBackend,
} from '../../backends/storage-backend.interface.js';
import { type Awaitable, chain } from '../../common/awaitable.js';
import { storedChannel } from '../../common/tracing/engine-event.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';

/** One backend at its place in the stack, with what is on its way to it and what it answered. */
export class Tier {
  hits = 0;
  stores = 0;
  pendingBytes = 0;
  readonly storesRefused: Record<Exclude<PutOutcome, 'stored'>, number> = { rejected: 0, busy: 0, failed: 0 };

  constructor(readonly backend: StorageBackend) {}

  get name(): string {
    return this.backend.name;
  }

  /** Whether it stores anything. One that does not is handed nothing, and refuses nothing that would count. */
  get keeps(): boolean {
    return this.backend.capabilities.stores !== false;
  }

  /** Whether this chunk could be stored here. */
  takes({ lengthBytes, attributes, form }: ArenaHandle): boolean {
    const { maxChunkBytes, expiry, encodings = false } = this.backend.capabilities;
    const isAsPut = !form.encoded && form.loss === 'none';
    const keepsForm = encodings || isAsPut;
    return (
      this.keeps && lengthBytes <= maxChunkBytes && (expiry || attributes.expiresAtMs === 0) && keepsForm
    );
  }

  /** Hands a sealed chunk to the backend and counts what becomes of it; a broken promise counts as `failed`. */
  put(handle: ArenaHandle): Awaitable<PutOutcome> {
    const { key, lengthBytes } = handle;
    if (!this.keeps) return 'rejected';
    if (!this.takes(handle)) return this.#reject(handle);
    let outcomes: Awaitable<readonly PutOutcome[]>;
    try {
      outcomes = this.backend.putMany([handle]);
    } catch {
      return this.#count('failed', key, lengthBytes);
    }
    if (!(outcomes instanceof Promise)) return this.#count(outcomes[0] ?? 'failed', key, lengthBytes);
    this.pendingBytes += lengthBytes;
    return outcomes.then(
      ([outcome]) => this.#settle(outcome ?? 'failed', key, lengthBytes),
      () => this.#settle('failed', key, lengthBytes),
    );
  }

  /** Puts another form of a chunk in its place; a broken promise counts as `failed`. */
  replace(handle: ArenaHandle): Awaitable<ReplaceOutcome> {
    return this.ask<ReplaceOutcome>((backend) => backend.inPlace?.replace(handle) ?? 'rejected', 'failed');
  }

  /** As the backend's; undefined where it cannot answer at once, or broke its promise. */
  containsBatch(
    keys: KeyBatch,
    answers: Uint8Array,
    mark: number,
    options: ContainsOptions | undefined,
  ): number | undefined {
    try {
      return this.backend.containsBatch?.(keys, answers, mark, options);
    } catch {
      return undefined;
    }
  }

  /** Sets the time of expiry; a tier that keeps none gives the chunk up instead. */
  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean> {
    return this.ask(
      (backend) =>
        backend.capabilities.expiry || expiresAtMs === 0
          ? backend.expire(key, expiresAtMs)
          : backend.remove(key),
      false,
    );
  }

  /** No older chunk may stay under the key. */
  #reject({ key, lengthBytes }: ArenaHandle): Awaitable<PutOutcome> {
    return chain(
      this.ask((backend) => backend.remove(key), false),
      () => this.#count('rejected', key, lengthBytes),
    );
  }

  #settle(outcome: PutOutcome, key: ChunkKey, lengthBytes: number): PutOutcome {
    this.pendingBytes -= lengthBytes;
    return this.#count(outcome, key, lengthBytes);
  }

  #count(outcome: PutOutcome, key: ChunkKey, bytes: number): PutOutcome {
    if (outcome !== 'stored') {
      this.storesRefused[outcome]++;
      return outcome;
    }
    this.stores++;
    if (storedChannel.hasSubscribers) storedChannel.publish({ type: 'stored', key, tier: this.name, bytes });
    return outcome;
  }

  /** Calls `operation` on the backend; a broken promise is answered with `fallback`, so that one tier never fails a request. */
  ask<T>(operation: (backend: StorageBackend) => Awaitable<T>, fallback: T): Awaitable<T> {
    try {
      const answer = operation(this.backend);
      return answer instanceof Promise ? answer.catch(() => fallback) : answer;
    } catch {
      return fallback;
    }
  }
}
