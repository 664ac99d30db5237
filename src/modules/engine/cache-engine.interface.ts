import { type Observable } from 'rxjs';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type BackendUsage } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import {
  type CompressionProgress,
  type CompressRequest,
  type DecompressRequest,
} from '../compression/compression.interface.js';
import { type MoveProgress, type MoveRequest } from '../moves/move.interface.js';
import { type PrefetchOptions, type PrefetchProgress } from '../prefetch/prefetch.interface.js';
import { type CompressionCounts } from '../tiers/forms/recode.interface.js';
import {
  type ObjectStore,
  type PutReservation,
  type Refusal,
  type ReserveOptions,
} from './object-store.interface.js';

/** Whose tokens these are: everything but the tokens that makes a chunk's key. */
export interface PrefixIdentity {
  readonly model: string;
  /** Tensor-parallel world and rank of this shard. Defaults 1 and 0. */
  readonly worldSize?: number;
  readonly workerId?: number;
  /** Only in keys of format `object`; defaults: as `worldSize` and `workerId`. */
  readonly localWorldSize?: number;
  readonly localRank?: number;
  readonly objectGroupId?: number;
  /** Only in keys of format `engine`. Default bfloat16. */
  readonly dtype?: string;
  /** Tenant. At most 128 characters, none of `@`, `/`, `\`, NUL. */
  readonly cacheSalt?: string;
}

export interface PrefixRequest extends PrefixIdentity {
  readonly tokens: Uint32Array;
}

/** One chunk of a prefix: its place and its key. */
export interface PrefixChunk {
  readonly index: number;
  /** First token and number of tokens. The last chunk may be partial. */
  readonly startToken: number;
  readonly tokens: number;
  readonly key: ChunkKey;
  /** Key of the chunk right in front of it; undefined for the first. */
  readonly parent: ChunkKey | undefined;
}

/** Chunks of a prompt, or by their keys. */
export type ChunkSelection = PrefixRequest | readonly ChunkKey[];

export interface LookupResult {
  /** Tokens from the start that are cached: the prefix before the first missing chunk. */
  readonly hitTokens: number;
  /** The hit chunks, in order, each with the first tier that has it. */
  readonly chunks: readonly (PrefixChunk & { readonly tier: string })[];
}

export interface RetrievedChunk extends PrefixChunk {
  /** Disposed by the receiver; until then it counts against the read-ahead. */
  readonly handle: ArenaHandle;
}

export interface PrefixPinOptions {
  readonly pinMs?: number;
  /** Group of the pins. */
  readonly group?: string;
}

/** The cache by tokens, on top of the same chunks. */
export interface CacheEngine extends ObjectStore {
  readonly chunkTokens: number;
  /** Cuts the tokens into chunks and names them. @throws KV_INPUT_… for an identity that makes no key. */
  chunks(request: PrefixRequest): readonly PrefixChunk[];
  /**
   * As `chunks`: at once up to 65,536 tokens; more are hashed in turns of the event loop, and must not change until the end. So are those
   * of all calls below.
   */
  chunksInTurns(request: PrefixRequest): Awaitable<readonly PrefixChunk[]>;
  /** How many chunks so many tokens make. */
  chunkCount(tokens: number): number;
  /** A lookup leases its hits; with `pinMs` it pins them, too: all that it reports are pinned. */
  lookup(request: PrefixRequest, options?: PrefixPinOptions): Awaitable<LookupResult>;
  /** Chunks in prefix order until the first that is missing; unsubscribing cancels and gives everything back. */
  retrieve(request: PrefixRequest): Observable<RetrievedChunk>;
  /**
   * Brings the chunks of a prefix to a faster tier, up to the first that is missing, and tells how far it is. Ends with the
   * server, too. @throws KV_PREFETCH_OPTIONS
   */
  prefetch(what: ChunkSelection, options?: PrefetchOptions): Observable<PrefetchProgress>;
  /**
   * Brings chunks from one tier to another and tells every step. Ends with the server, too. @throws KV_MOVE_OPTIONS
   */
  move(what: ChunkSelection, request: MoveRequest): Observable<MoveProgress>;
  /**
   * Compresses chunks in a tier, where they are, and tells every step. Who reads them gets them decompressed. Ends with the server, too.
   * @throws KV_COMPRESS_OPTIONS, KV_CODEC_LOSS
   */
  compress(what: ChunkSelection, request: CompressRequest): Observable<CompressionProgress>;
  /** As `compress`. @throws KV_COMPRESS_OPTIONS */
  decompress(what: ChunkSelection, request: DecompressRequest): Observable<CompressionProgress>;
  /** Room for one chunk of a prefix, as `reserve`. */
  reserveChunk(
    chunk: PrefixChunk,
    lengthBytes: number,
    options?: ReserveOptions,
  ): Awaitable<PutReservation | Refusal>;
  pinPrefix(request: PrefixRequest, timeoutMs?: number, group?: string): Awaitable<LookupResult>;
  unpinPrefix(request: PrefixRequest): Awaitable<number>;
  removePrefix(request: PrefixRequest): Awaitable<number>;
  status(): EngineStatus;
}

export interface EngineCounters {
  readonly lookups: number;
  readonly lookupTokens: number;
  readonly hitTokens: number;
  readonly gets: number;
  readonly hits: number;
  readonly misses: number;
  readonly busyReads: number;
  readonly corruptReads: number;
  readonly puts: number;
  readonly stored: number;
  /** Not admitted, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly deletes: number;
}

export interface TierStatus extends BackendUsage {
  readonly name: string;
  readonly type: string;
  readonly persistent: boolean;
  /** Reads that this tier answered. */
  readonly hits: number;
  readonly stores: number;
  /** Stores not made, by outcome (`rejected`, `busy`, `failed`). */
  readonly storesRefused: Readonly<Record<string, number>>;
  /** Bytes accepted for this tier and not yet there. */
  readonly pendingBytes: number;
}

export interface EngineStatus {
  readonly draining: boolean;
  readonly chunkTokens: number;
  readonly keyFormat: 'object' | 'engine';
  readonly hashAlgorithm: 'blake3' | 'sha256_cbor';
  /** Start of the hash chain, in hex: equal on every server that shares chunks. */
  readonly noneHash: string;
  readonly arena: {
    readonly capacityBytes: number;
    readonly freeBytes: number;
    readonly references: number;
    /** Memory of the addon; false: the TypeScript fallback. */
    readonly native: boolean;
  };
  readonly counters: EngineCounters;
  readonly compression: CompressionCounts;
  readonly tiers: readonly TierStatus[];
}

/** The injection token of the engine, for doors and for modules of users. */
export const CACHE_ENGINE = Symbol.for('kvnest:CacheEngine');
