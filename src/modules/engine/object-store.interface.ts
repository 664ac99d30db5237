import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkFilter, type ScanPage } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey, type KeyDigest } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';

/** Why a chunk was not taken. None of these is an error of the caller. */
export type RefusalReason = 'too-large' | 'busy' | 'draining' | 'rejected' | 'failed' | 'exists';

export interface Refusal {
  readonly refused: RefusalReason;
}

export interface ReserveOptions {
  /** Room for metadata that comes with `commit`. Default 64, at most 1024. */
  readonly metadataCapacityBytes?: number;
}

/** How far a question goes. */
export interface ReachOptions {
  /**
   * Only tiers that no other server sees are asked: a server that asks another for what it lacks must not be asked in turn
   * for the same.
   */
  readonly localOnly?: boolean;
}

export interface LookupOptions extends ReachOptions {
  /** A hit stays until it is read, or times out. */
  readonly lease?: boolean;
  /** A chunk that carries no metadata does not count. */
  readonly withMetadata?: boolean;
}

export interface CommitOptions {
  /** CRC-32C of all the bytes. */
  readonly checksum: number;
  readonly metadata?: Uint8Array;
  /** Epoch milliseconds, 0 or absent = never. */
  readonly expiresAtMs?: number;
  /** `memory` (default): done when the first tier has it; `all`: when every tier has answered. */
  readonly ack?: 'memory' | 'all';
  /** Refuse with `exists` when the key is there already. */
  readonly onlyIfAbsent?: boolean;
  /** Chunks in front of this one in its prefix. */
  readonly depth?: number;
  /** Key of the chunk right in front of it. */
  readonly parent?: KeyDigest;
}

export interface StoreResult {
  readonly stored: boolean;
  /** Only when not stored. */
  readonly reason?: RefusalReason;
  /** Names of the tiers that have it by now; with `ack: 'memory'` the others follow. */
  readonly tiers: readonly string[];
}

/**
 * Room in the arena for one chunk that a door is receiving. Disposing it without `commit` gives the room back and
 * nothing was stored. `commit` may be called once; the reservation must be disposed in any case.
 */
export interface PutReservation extends Disposable {
  readonly key: ChunkKey;
  readonly lengthBytes: number;
  /** Write the bytes here, in order; the lengths add up to `lengthBytes`. */
  readonly views: readonly Buffer[];
  commit(options: CommitOptions): Awaitable<StoreResult>;
}

/**
 * The engine by key: what doors that speak of keys (RESP, HTTP objects) use. A miss, a busy tier and a corrupt chunk
 * all read as `undefined` and are counted apart.
 */
export interface ObjectStore {
  /** For each key, the name of the first tier that has it. */
  exists(keys: readonly ChunkKey[], options?: LookupOptions): Awaitable<readonly (string | undefined)[]>;
  /**
   * As `exists`, for hundreds of keys at a time: 0 = nowhere, 255 = accepted and in no tier yet, else 1 + the place of the
   * first tier that has it. The batch may change when this returns.
   */
  existsBatch(keys: KeyBatch, options?: LookupOptions): Awaitable<Uint8Array>;
  /** A reference to the sealed chunk; the caller disposes it. */
  get(key: ChunkKey, options?: ReachOptions): Awaitable<ArenaHandle | undefined>;
  /** Admits a chunk before its first byte is received. May wait, for a bounded time, for tiers that lag behind. */
  reserve(key: ChunkKey, lengthBytes: number, options?: ReserveOptions): Awaitable<PutReservation | Refusal>;
  /** For each key, whether it was there. */
  delete(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]>;
  /** @param group by which these pins can be taken back together. */
  pin(keys: readonly ChunkKey[], timeoutMs?: number, group?: string): Awaitable<readonly boolean[]>;
  unpin(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]>;
  /** Ends the pins of a group. @returns how many there were. */
  unpinGroup(group: string): Awaitable<number>;
  /** How many pins each group has. */
  pinGroups(): ReadonlyMap<string, number>;
  /** Sets the expiry (epoch ms, 0 = never). @returns whether it is there. */
  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean>;
  /** Expiry (epoch ms, 0 = never), or undefined when the key is not there. */
  expiresAtMs(key: ChunkKey): Awaitable<number | undefined>;
  /** How many chunks there are in a namespace, over all tiers, each once. */
  count(namespace: number): Awaitable<number>;
  /** Pages through the keys of one namespace, or of all where it is undefined. Start with cursor 0; done when 0 comes back. */
  scan(namespace: number | undefined, cursor: number, count: number): Awaitable<ScanPage>;
  /**
   * @param tier name of the one that is cleared; default: all.
   * @returns how many chunks were removed.
   * @throws KV_CLEAR_TIER
   */
  clear(filter?: ChunkFilter, tier?: string): Awaitable<number>;
  /** CRC-32C of bytes as they arrive, chained by `previous`. */
  crc32c(bytes: Uint8Array, previous?: number): number;
}
