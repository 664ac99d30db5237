import { type Observable } from 'rxjs';

/** What every call may say. */
export interface CallOptions {
  /** Ends the call with the signal's reason; the server is told. */
  readonly signal?: AbortSignal;
  /**
   * From the call to its end; the server is told. Of `retrieve`: for each chunk that is waited for. Default: `timeoutMs` of
   * `connect`. 0 = none, which streams need that do not end.
   */
  readonly timeoutMs?: number;
}

export interface KeyOptions extends CallOptions {
  /** Default: `namespace` of `connect`. */
  readonly namespace?: number;
}

/** The bytes of a value: in one piece or several, which are sent as they are and must not change until the call ends. */
export type ValueBytes = Uint8Array | readonly Uint8Array[];

export interface PutOptions extends KeyOptions {
  /** Up to 1024 bytes that come back with the value. */
  readonly metadata?: Uint8Array;
  /** At least 1; without it the value does not expire. */
  readonly ttlMs?: number;
  /** `memory` (default): done when the first tier has it; `all`: when every tier has answered. */
  readonly ack?: 'memory' | 'all';
  /** Keep what is there. */
  readonly onlyIfAbsent?: boolean;
  /** CRC-32C that the server holds the bytes against. */
  readonly checksum?: number;
}

/** Why a value was not stored, none of which is an error of the caller. `unavailable`: its server did not answer. */
export type PutRefusal =
  'too-large' | 'busy' | 'draining' | 'rejected' | 'failed' | 'exists' | 'checksum' | 'unavailable';

export type PutResult =
  | { readonly stored: true; readonly tiers: readonly string[]; readonly checksum: number }
  | { readonly stored: false; readonly reason: PutRefusal };

export interface PutItem {
  readonly key: string | Uint8Array;
  readonly bytes: ValueBytes;
  readonly metadata?: Uint8Array;
  readonly ttlMs?: number;
  readonly checksum?: number;
}

export interface GetOptions extends KeyOptions {
  /** Read the value to here; what is returned is the part of it that was filled. Too small is KV_CLIENT_BUFFER. */
  readonly into?: Uint8Array;
}

/** A value with what the server knows of it. */
export interface StoredValue {
  readonly bytes: Uint8Array;
  readonly metadata: Uint8Array;
  /** CRC-32C of the bytes. */
  readonly checksum: number;
  /** Name of the lossy codec that the values have been through at the server; absent: the bytes are what was put. */
  readonly loss?: string;
}

/** Whose tokens: what the server needs beside them to name chunks. */
export interface PrefixOptions extends CallOptions {
  /** Default: `model` of `connect`; without either the call is KV_CLIENT_INPUT. */
  readonly model?: string;
  readonly worldSize?: number;
  readonly workerId?: number;
  readonly localWorldSize?: number;
  readonly localRank?: number;
  readonly objectGroupId?: number;
  readonly dtype?: string;
  /** Tenant. */
  readonly cacheSalt?: string;
}

export interface LookupOptions extends PrefixOptions {
  /** Pin what is found for so long: at most a day. */
  readonly pinMs?: number;
}

/** A place in a prefix. */
export interface PrefixPlace {
  readonly index: number;
  readonly startToken: number;
  readonly tokens: number;
  readonly key: string;
}

export interface LookupAnswer {
  /** Tokens from the start that are cached. */
  readonly hitTokens: number;
  readonly chunks: readonly (PrefixPlace & { readonly tier: string })[];
}

export interface StoreChunk {
  /** Which chunk of the tokens. */
  readonly index: number;
  readonly bytes: ValueBytes;
  readonly metadata?: Uint8Array;
  readonly checksum?: number;
}

export interface StoreOptions extends PrefixOptions, Pick<PutOptions, 'ttlMs' | 'ack' | 'onlyIfAbsent'> {}

/** Its key is empty where the server did not answer, for only the server knows it. */
export type StoreAnswer = PrefixPlace & PutResult;

export interface RetrievedChunk extends PrefixPlace, StoredValue {}

/**
 * The chunks of a prefix, in order, up to the first that is missing. Each loop retrieves anew; a consumer who takes his time
 * holds the server back, so that few chunks wait here. Leaving a loop early cancels.
 */
export interface Retrieval extends AsyncIterable<RetrievedChunk, undefined> {
  /** Cold: each subscription retrieves anew; unsubscribing cancels. It pushes: who must be waited for takes the loop. */
  asObservable(): Observable<RetrievedChunk>;
}

/** Something that happened to a chunk. */
export interface ChunkEvent {
  readonly type: 'stored' | 'hit' | 'miss' | 'evicted';
  readonly key: string;
  readonly namespace: number;
  /** But for a miss. */
  readonly tier?: string;
  /** Length of the chunk; what is free now where it was evicted. */
  readonly bytes?: number;
  /** Of a miss. */
  readonly reason?: string;
}

/** In the place of events that came faster than they were taken. */
export interface LostEvents {
  readonly type: 'lost';
  /** How many. */
  readonly events: number;
}

export type CacheEvent = ChunkEvent | LostEvents;

export interface ClearFilter {
  readonly namespace?: number;
  readonly model?: string;
  readonly tenant?: string;
}

/**
 * A cache at one or several servers.
 *
 * Every call ends with a value, or with a `KvError`: KV_CLIENT_INPUT, KV_CLIENT_CLOSED, KV_CLIENT_TIMEOUT and
 * KV_CLIENT_UNAVAILABLE (only where `onUnavailable` is `error`), KV_CLIENT_PROTOCOL, or what the server said. A signal ends it with
 * its own reason.
 */
export interface KvnestClient extends AsyncDisposable {
  put(key: string | Uint8Array, bytes: ValueBytes, options?: PutOptions): Promise<PutResult>;
  putMany(
    items: readonly PutItem[],
    options?: Omit<PutOptions, 'metadata' | 'ttlMs' | 'checksum'>,
  ): Promise<readonly PutResult[]>;
  /** @returns undefined when it is not there. What it may have lost `getMany` tells. */
  get(key: string | Uint8Array, options?: GetOptions): Promise<Uint8Array | undefined>;
  /** In the order of the keys; undefined where a key is not there. */
  getMany(
    keys: readonly (string | Uint8Array)[],
    options?: KeyOptions,
  ): Promise<readonly (StoredValue | undefined)[]>;
  exists(
    keys: readonly (string | Uint8Array)[],
    options?: KeyOptions & { readonly lease?: boolean },
  ): Promise<readonly boolean[]>;
  delete(keys: readonly (string | Uint8Array)[], options?: KeyOptions): Promise<readonly boolean[]>;
  pin(
    keys: readonly (string | Uint8Array)[],
    options?: KeyOptions & { readonly pinMs?: number },
  ): Promise<readonly boolean[]>;
  unpin(keys: readonly (string | Uint8Array)[], options?: KeyOptions): Promise<readonly boolean[]>;
  lookup(tokens: ArrayLike<number>, options?: LookupOptions): Promise<LookupAnswer>;
  store(
    tokens: ArrayLike<number>,
    chunks: readonly StoreChunk[],
    options?: StoreOptions,
  ): Promise<readonly StoreAnswer[]>;
  retrieve(tokens: ArrayLike<number>, options?: PrefixOptions): Retrieval;
  /** @returns how many chunks were removed, at all servers. */
  clear(filter?: ClearFilter, options?: CallOptions): Promise<number>;
  /** What each server says of itself, by its address; undefined where it does not answer. */
  status(options?: CallOptions): Promise<ReadonlyMap<string, object | undefined>>;
  /** What happens at all servers, from now on. A connection that breaks is made again; what happened meanwhile is not told. */
  events(...types: readonly ChunkEvent['type'][]): Observable<CacheEvent>;
  /** Any message pattern of a server, in JSON. With several servers: the first that answers. */
  send(pattern: string, data: unknown, options?: CallOptions): Observable<unknown>;
  /** Ends what is in flight with KV_CLIENT_CLOSED, and all connections. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Default: what stands before `@` in the URL. */
  readonly token?: string;
  readonly model?: string;
  readonly namespace?: number;
  /** For each call that names none. Default 30000. */
  readonly timeoutMs?: number;
  /**
   * Per server: for small requests (default 1) and for values (2); and how many prefixes may be retrieved at a time (16), each
   * over a connection of its own that is made when it is needed.
   */
  readonly connections?: { readonly control?: number; readonly bulk?: number; readonly streams?: number };
  /** How long a connection may take to be made. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** Pause before a broken connection is made again: doubles from `minMs` to `maxMs`, and half of it is chance. Default 50, 5000. */
  readonly reconnect?: { readonly minMs?: number; readonly maxMs?: number };
  /**
   * What a call is answered whose server cannot be reached or does not answer in time: KV_CLIENT_UNAVAILABLE and
   * KV_CLIENT_TIMEOUT, or that nothing is there and nothing was stored. Default: `error` with one server, `miss` with several.
   */
  readonly onUnavailable?: 'miss' | 'error';
  /** For `kvnests://`: what `node:tls` takes. */
  readonly tls?: object;
  /**
   * A server that was asked and says and takes nothing for so long is taken for dead: what it owes ends as if it could not be
   * reached. Default 5000.
   */
  readonly unresponsiveMs?: number;
  /**
   * Hold values that are read against their checksum; one that is damaged is a miss. Default false: it costs some 1 ms per
   * MB, and TCP has checksums of its own.
   */
  readonly verify?: boolean;
  /** Told to servers. */
  readonly name?: string;
  /** Ends the wait for the first server, not the client. */
  readonly signal?: AbortSignal;
}
