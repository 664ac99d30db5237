import { type ArenaHandle } from '../arena/arena.interface.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';

/** What a connector and the store behind it can do, as data: callers branch on this and never on a name. */
export interface ConnectorCapabilities {
  /** Chunks outlive the store's process. */
  readonly persistent: boolean;
  /** Other servers that use the same store see the same chunks. */
  readonly shared: boolean;
  /** What is put can be read back; false for a store that forgets on purpose. */
  readonly retains: boolean;
  /** The batched forms cost fewer round trips than a loop over the single ones. */
  readonly batch: boolean;
  readonly list: boolean;
  readonly remove: boolean;
  /** The store itself forgets a chunk at its time of expiry. */
  readonly ttl: boolean;
  /**
   * Which metadata comes back with the bytes: `any`, together with depth and expiry; `lmcache`: RemoteMetadata only,
   * and a chunk without it gets that of plain bytes; `none`.
   */
  readonly metadata: 'any' | 'lmcache' | 'none';
  /** Bytes that changed in the store are `corrupt` instead of a chunk. */
  readonly checksum: boolean;
  /** Longest chunk it takes. */
  readonly maxValueBytes: number;
  /** Longest name of a chunk (`formatStoreKey`, in UTF-8) it takes. */
  readonly maxKeyBytes: number;
}

export interface CallOptions {
  /** Nobody waits for the answer any more: stop, and give everything back. */
  readonly signal?: AbortSignal;
}

export interface ExistsOptions extends CallOptions {
  /** A chunk that carries no metadata does not count. */
  readonly withMetadata?: boolean;
}

export interface ExistsManyOptions extends ExistsOptions {
  /** Only the answers up to the first `false` matter, as for a prefix: all behind it may be `false`, too. */
  readonly upToGap?: boolean;
}

/**
 * A chunk, sealed, that belongs to the receiver; `busy`: there is no room in the arena now; `corrupt`: was there, and
 * was damaged.
 */
export type FetchOutcome = ArenaHandle | 'miss' | 'busy' | 'corrupt';

/** `rejected`: the store never takes this; `busy`: it has no room now. Either way no older value of the key is left. */
export type SendOutcome = 'stored' | 'rejected' | 'busy';

export interface ListPage {
  readonly keys: readonly ChunkKey[];
  /** Where the next page starts; the empty string when this was the last. */
  readonly cursor: string;
}

/**
 * How one remote store is spoken to: from and into the arena, without resilience of its own. Time-outs, retries,
 * circuit breaker, limits and metrics are layers around it (`src/layers`).
 *
 * - Outcomes are values. What the store or the network did wrong is thrown as a `KV_REMOTE_…` error
 *   (`connector-errors.ts`), whose `retryable` says whether the same call may succeed later.
 * - Handles that come in belong to the caller and stay his until the promise settles; handles that go out belong to
 *   the receiver.
 * - A chunk is visible whole or not at all: a put that failed half way is a miss.
 * - Calls may run at the same time, also for one key; the caller keeps the order of one key.
 * - When `signal` aborts, the promise settles soon with any outcome or error. Nothing is written to the arena
 *   afterwards but to what the connector still holds.
 */
export interface RemoteConnector {
  readonly capabilities: ConnectorCapabilities;

  /**
   * Reaches the store. Idempotent; concurrent calls are one. A connector that lost its store finds it again by itself,
   * at the latest with the next call.
   * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_REFUSED, KV_REMOTE_TIMEOUT
   */
  connect(options?: CallOptions): Promise<void>;
  /** Settles running calls, then gives everything back. Idempotent. It can connect again. */
  close(): Promise<void>;
  /** One round trip. @throws as `connect` */
  ping(options?: CallOptions): Promise<void>;
  /** What is known of the store that answers, in a few words: its kind, protocol, version. @throws as `connect` */
  describe?(options?: CallOptions): Promise<string>;

  exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean>;
  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome>;
  /**
   * What was taken back may still be stored later, but not after another put or removal of its key.
   * @throws KV_REMOTE_UNSUPPORTED without capability `remove`, where an older chunk would have to go.
   */
  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome>;
  /** @returns whether it was there. @throws KV_REMOTE_UNSUPPORTED without capability `remove`. */
  remove(key: ChunkKey, options?: CallOptions): Promise<boolean>;
  /**
   * Pages through the names of all chunks, starting with an empty cursor. A page may be short, even empty; what is
   * there during the whole listing is on one of the pages.
   * @throws KV_REMOTE_UNSUPPORTED without capability `list`.
   */
  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage>;

  /** Answers in the order of the keys, also below. */
  existsMany(keys: readonly ChunkKey[], options?: ExistsManyOptions): Promise<readonly boolean[]>;
  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]>;
  putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]>;
  removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]>;
}
