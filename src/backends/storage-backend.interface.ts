import { type ArenaHandle } from '../arena/arena.interface.js';
import { type Awaitable } from '../common/awaitable.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../protocols/chunk-key/key-batch.js';

/** What a backend can do, as data: callers branch on this and never on a name. */
export interface BackendCapabilities {
  /** Chunks survive a restart of the server. */
  readonly persistent: boolean;
  /** Other servers see the same chunks. */
  readonly shared: boolean;
  /** `get` returns the very bytes that were put, without moving them. */
  readonly zeroCopy: boolean;
  /** `scan` works. */
  readonly scan: boolean;
  /** `expire` and expiry at a put are honoured. */
  readonly expiry: boolean;
  /**
   * Which metadata comes back with the bytes: `any`, together with the depth; `lmcache`: RemoteMetadata only, and a
   * chunk without it gets that of plain bytes; `none`.
   */
  readonly metadata: 'any' | 'lmcache' | 'none';
  /**
   * False: it keeps nothing of its own and only reads what others keep: `putMany` answers `rejected` at once, and `remove`,
   * `expire`, `pin` and `clear` change nothing elsewhere. Absent: true.
   */
  readonly stores?: boolean;
  /** `usage` knows bytes and chunks; false: somebody else keeps the books, and they are reported as 0. */
  readonly accounted: boolean;
  /**
   * It keeps what the bytes are (`ChunkForm`) and has `inPlace`. One that does not is handed chunks decoded, and none that has lost
   * something: who reads them would not know. Absent: false.
   */
  readonly encodings?: boolean;
  /** Largest chunk it takes, in bytes. */
  readonly maxChunkBytes: number;
}

/** `busy`: could not be read now, for want of room or time; `corrupt`: was there, failed its checksum, is now gone. */
export type ReadOutcome = ArenaHandle | 'miss' | 'busy' | 'corrupt';

/**
 * `stored`; `rejected`: does not fit or the admission policy said no; `busy`: no room now that eviction could make;
 * `failed`: the medium failed (the backend logs it once and counts it).
 */
export type PutOutcome = 'stored' | 'rejected' | 'busy' | 'failed';

/** As of a put; `missing`: the chunk is not there, or not any more. What is not `stored` leaves what is there. */
export type ReplaceOutcome = PutOutcome | 'missing';

/** Chunks that change what they are made of where they are. */
export interface InPlace {
  /** As `get`, and nothing is taken for a use: the lease goes on, and so does what the eviction policy makes of the chunk. */
  peek(key: ChunkKey): Awaitable<ReadOutcome>;
  /**
   * Puts another form of a chunk that is there in its place, also over a restart. Leases, pins, the time of expiry and what the eviction
   * policy knows of it stay. `busy` also while a put of the key is pending.
   */
  replace(handle: ArenaHandle): Awaitable<ReplaceOutcome>;
}

export interface ContainsOptions {
  /** Protect a hit from eviction until it is read or this time has passed. Refused silently beyond half the tier. */
  readonly leaseMs?: number;
  /** A chunk that carries no metadata does not count. */
  readonly withMetadata?: boolean;
}

/** Another server that a backend reads from. */
export interface BackendPeer {
  /** Its address, without secrets. */
  readonly name: string;
  /** Whether it is asked now. */
  readonly up: boolean;
  /** In one word. */
  readonly state: string;
  /** Why it is not asked, while it is left alone. */
  readonly reason?: string;
  /** How long it is left alone still, at most; absent while it is not. */
  readonly backOffMs?: number;
  /** How chunks come from it; `unknown` before it was reached. */
  readonly transport: string;
  /** Why not in a better way, where there is one. */
  readonly transportReason?: string;
  /** Each only grows. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface BackendTransfers {
  readonly transfers: number;
  readonly bytes: number;
}

/** A library that moves the bytes of a backend, on threads of its own. */
export interface BackendAgent {
  /** Its name and version. */
  readonly library: string;
  readonly up: boolean;
  /** Why not up, or the last thing that went wrong. */
  readonly reason?: string;
  /** How many other processes it can read from. */
  readonly peers: number;
  /** What somebody waits for. */
  readonly inFlight: BackendTransfers;
  /** What nobody waits for any more and the library is not done with: it holds its part of the arena until then. */
  readonly quarantined: BackendTransfers;
}

export interface BackendUsage {
  readonly capacityBytes: number;
  /** Never above `capacityBytes`, not for a moment. */
  readonly usedBytes: number;
  readonly chunks: number;
  readonly evictions: number;
  readonly leasedBytes: number;
  readonly pinnedBytes: number;
  /** Chunks that failed their checksum on a read. */
  readonly corruptions: number;
  /** False while the medium fails; reads are misses and puts fail until it recovers. */
  readonly healthy: boolean;
  /** What only this kind of backend counts, by name; each only grows. */
  readonly counters?: Readonly<Record<string, number>>;
  /** Other servers that it reads from. */
  readonly peers?: readonly BackendPeer[];
  /** What moves its bytes, where that is a library. */
  readonly agent?: BackendAgent;
}

export interface ScanPage {
  readonly keys: readonly ChunkKey[];
  /** 0 when the scan is complete. */
  readonly cursor: number;
}

/** Selects chunks for `clear`; an absent field selects all. */
export interface ChunkFilter {
  readonly namespace?: number;
  readonly model?: string;
  readonly tenant?: string;
  /** Stored before (epoch ms), as far as the tier knows: what a disk had before the server started counts from then on. */
  readonly storedBeforeMs?: number;
}

/**
 * Where chunks live: one tier of the stack. The names are those of LMCache's StorageBackendInterface.
 *
 * - Handles that come in belong to the caller: a backend that keeps one retains it. Handles that go out belong to
 *   the receiver, who disposes them.
 * - Outcomes are values; a thrown error is a broken promise (`KV_BACKEND_CLOSED` before `open` and after `close`).
 * - A chunk is visible whole or not at all; a put of a key that is there replaces it, and leases and pins of the key
 *   stay. A put that is not `stored` leaves no older value of its key.
 * - `usage` and `isPutPending` answer at any time: before `open` and after `close` they report nothing.
 * - What does not know the answer at once returns a promise; what does, the answer.
 */
export interface StorageBackend {
  /** Instance name, unique in the stack. */
  readonly name: string;
  readonly type: string;
  readonly capabilities: BackendCapabilities;
  /** Where the capability `encodings` says so. */
  readonly inPlace?: InPlace | undefined;

  /** Idempotent; concurrent calls are one. Other calls made while it runs wait for it. */
  open(): Promise<void>;
  /** Finishes what was accepted, then releases everything. Idempotent. The backend can be opened again. */
  close(): Promise<void>;

  contains(key: ChunkKey, options?: ContainsOptions): Awaitable<boolean>;
  /**
   * As `contains` for each key of a batch whose place in `answers` is 0: sets it to `mark` where the key is there. For
   * backends that know the answer at once; absent in others.
   * @returns how many were there.
   */
  containsBatch?(keys: KeyBatch, answers: Uint8Array, mark: number, options?: ContainsOptions): number;
  /** How many of `keys`, in order, are there before the first that is not. */
  containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Awaitable<number>;
  /** Whether a put of this key was accepted and has not finished. */
  isPutPending(key: ChunkKey): boolean;
  /** Stores sealed chunks. Outcomes in the order of `handles`. */
  putMany(handles: readonly ArenaHandle[]): Awaitable<readonly PutOutcome[]>;
  get(key: ChunkKey): Awaitable<ReadOutcome>;
  getMany(keys: readonly ChunkKey[]): Awaitable<readonly ReadOutcome[]>;
  /** Protects a chunk from eviction until `unpin` or the time-out; pins count. @returns whether it is there. */
  pin(key: ChunkKey, timeoutMs: number): Awaitable<boolean>;
  unpin(key: ChunkKey): Awaitable<boolean>;
  /** @returns whether it was there. Readers that hold its bytes keep them. */
  remove(key: ChunkKey): Awaitable<boolean>;
  removeMany(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]>;
  /** Sets the time of expiry (epoch ms, 0 = never). @returns whether it is there. */
  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean>;
  /** Time of expiry (epoch ms, 0 = never), or undefined when it is not there. */
  expiresAtMs(key: ChunkKey): Awaitable<number | undefined>;
  /** Chunks that are put while it runs may stay or go. @returns how many chunks were removed. */
  clear(filter?: ChunkFilter): Awaitable<number>;
  /**
   * Pages through the keys, starting with cursor 0. Every key that is there during the whole scan is returned at
   * least once. A page may be short, even empty; an unknown cursor ends the scan.
   * @throws KV_BACKEND_UNSUPPORTED without capability `scan`.
   */
  scan(cursor: number, count: number): Awaitable<ScanPage>;
  usage(): BackendUsage;
}
