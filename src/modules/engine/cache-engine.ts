import { type Observable } from 'rxjs';
import { type AllocationRequest, type ArenaHandle } from '../../arena/arena.interface.js';
import {
  type ChunkFilter,
  type ContainsOptions,
  type ReadOutcome,
  type ScanPage,
} from '../../backends/storage-backend.interface.js';
import { all, chain, type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey, MAX_KEY_BYTES } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import {
  type CompressionProgress,
  type CompressRequest,
  type DecompressRequest,
} from '../compression/compression.interface.js';
import { Compressor } from '../compression/compressor.js';
import { type MoveProgress, type MoveRequest } from '../moves/move.interface.js';
import { Mover } from '../moves/mover.js';
import { AheadReads } from '../prefetch/ahead-reads.js';
import { Prefetcher } from '../prefetch/prefetcher.js';
import { type PrefetchOptions, type PrefetchProgress } from '../prefetch/prefetch.interface.js';
import { type LocateOptions } from '../tiers/tier-search.js';
import { tierNamed } from '../tiers/tier-named.js';
import { type StoreOutcomes } from '../tiers/tier-stack.js';
import {
  type CacheEngine,
  type ChunkSelection,
  type EngineStatus,
  type LookupResult,
  type PrefixChunk,
  type PrefixPinOptions,
  type PrefixRequest,
  type RetrievedChunk,
} from './cache-engine.interface.js';
import { type CacheEngineParts } from './cache-engine-parts.interface.js';
import { beginWith, beginWithKeys, countWithKeys } from './chunking/begin-with.js';
import { keysOf } from './chunking/keys-of.js';
import { locateInTurns } from './chunking/locate-in-turns.js';
import { CountedReads } from './counted-reads.js';
import { MutableEngineCounters } from './engine-counters.js';
import { lookupResult } from './lookup-result.js';
import { engineStatus } from './engine-status.js';
import {
  type CommitOptions,
  type LookupOptions,
  type PutReservation,
  type ReachOptions,
  type Refusal,
  type RefusalReason,
  type ReserveOptions,
  type StoreResult,
} from './object-store.interface.js';
import { Pins } from './pins.js';
import { PatientReads } from './patient-reads.js';
import { PrefixRetrieval } from './prefix-retrieval.js';
import { publishBatch, publishLookup, publishPrefix, publishPut } from './publish-calls.js';
import { EnginePutReservation } from './put-reservation.js';
import { worstReason } from './worst-reason.js';

/** The engine: admission, the tiers and the keys of token prefixes, behind one interface for all doors. */
export class TieredCacheEngine implements CacheEngine {
  readonly counters = new MutableEngineCounters();
  readonly #counted = new CountedReads(this.counters);
  readonly #patientReads: PatientReads;
  /** Those of other servers: they wait for nothing that waits for other servers. */
  readonly #patientLocalReads: PatientReads;
  readonly #pins: Pins;
  readonly #retrieval: PrefixRetrieval;
  readonly #prefetcher: Prefetcher;
  readonly #mover: Mover;
  readonly #compressor: Compressor;
  #draining = false;

  constructor(private readonly parts: CacheEngineParts) {
    this.#patientReads = new PatientReads(parts.config.leaseMs);
    this.#patientLocalReads = new PatientReads(parts.config.leaseMs);
    const { leaseMs, prefetch, readAheadChunks, maxReadAheadBytes } = parts.config;
    const ahead = AheadReads.in(parts.stack.space, parts.arena, maxReadAheadBytes);
    const reading = { window: readAheadChunks, ahead, patienceMs: leaseMs };
    this.#retrieval = new PrefixRetrieval(parts.stack, this.#counted, reading);
    this.#prefetcher = new Prefetcher(parts.stack, { leaseMs, ahead, ...prefetch });
    this.#pins = new Pins(parts.stack, parts.clock);
    this.#mover = new Mover(parts.stack);
    this.#compressor = new Compressor(parts.stack);
  }

  get chunkTokens(): number {
    return this.parts.config.chunkTokens;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** From now on puts are refused; reservations that were given may still be committed. */
  beginDrain(): void {
    this.#draining = true;
    this.parts.gate.close();
    this.#prefetcher.close();
    this.#mover.close();
    this.#compressor.close();
  }

  /** Resolves when every chunk that was accepted has reached its tiers. */
  settled(): Promise<void> {
    return this.parts.stack.settled();
  }

  exists(keys: readonly ChunkKey[], options: LookupOptions = {}): Awaitable<readonly (string | undefined)[]> {
    const how = this.#locateOptions(options);
    this.counters.lookups++;
    publishLookup(keys);
    return all(keys.map((key) => this.parts.stack.locate(key, how)));
  }

  existsBatch(keys: KeyBatch, options: LookupOptions = {}): Awaitable<Uint8Array> {
    this.counters.lookups++;
    publishBatch(keys);
    return this.parts.stack.locateBatch(keys, this.#locateOptions(options));
  }

  get(key: ChunkKey, { localOnly = false }: ReachOptions = {}): Awaitable<ArenaHandle | undefined> {
    const read = (): Awaitable<ReadOutcome> => this.parts.stack.read(key, { localOnly });
    const patience = localOnly ? this.#patientLocalReads : this.#patientReads;
    const patient = chain(read(), (outcome) => (outcome === 'busy' ? patience.retry(read) : outcome));
    return chain(this.#counted.count(key, patient), (outcome) =>
      typeof outcome === 'string' ? undefined : outcome,
    );
  }

  reserve(
    key: ChunkKey,
    lengthBytes: number,
    options: ReserveOptions = {},
  ): Awaitable<PutReservation | Refusal> {
    this.counters.puts++;
    if (this.#draining) return this.#refuse('draining');
    if (!this.#fits({ key, lengthBytes, ...options })) return this.#refuse('too-large');
    return chain(this.parts.gate.enter(lengthBytes), (entered) =>
      entered
        ? this.#allocate({ key, lengthBytes, ...options })
        : this.#refuse(this.#draining ? 'draining' : 'busy'),
    );
  }

  /** For `EnginePutReservation`. */
  commit(handle: ArenaHandle, options: CommitOptions): Awaitable<StoreResult> {
    const { metadata, expiresAtMs = 0, depth = -1, parent } = options;
    if (metadata !== undefined) handle.setMetadata(metadata);
    handle.setAttributes({ expiresAtMs, depth, ...(parent && { parent }) });
    handle.seal(options.checksum);
    this.counters.bytesIn += handle.lengthBytes;
    publishPut(handle.key, handle.lengthBytes, depth);
    if (options.onlyIfAbsent !== true) return this.#store(handle, options.ack === 'all');
    const kept = handle.retain();
    return chain(this.parts.stack.locate(handle.key), (tier) => {
      using stored = kept;
      if (tier === undefined) return this.#store(stored, options.ack === 'all');
      this.abandon(stored);
      return { stored: false, reason: this.#refuse('exists').refused, tiers: [] };
    });
  }

  /** For `EnginePutReservation`. */
  abandon(handle: ArenaHandle): void {
    this.parts.gate.leave(handle.lengthBytes);
  }

  delete(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]> {
    this.counters.deletes += keys.length;
    return all(keys.map((key) => this.parts.stack.remove(key)));
  }

  pin(
    keys: readonly ChunkKey[],
    timeoutMs = this.parts.config.pinTimeoutMs,
    group?: string,
  ): Awaitable<readonly boolean[]> {
    return this.#pins.pin(keys, timeoutMs, group);
  }

  unpin(keys: readonly ChunkKey[]): Awaitable<readonly boolean[]> {
    return this.#pins.unpin(keys);
  }

  unpinGroup(group: string): Awaitable<number> {
    return this.#pins.unpinGroup(group);
  }

  pinGroups(): ReadonlyMap<string, number> {
    return this.#pins.groups();
  }

  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean> {
    return this.parts.stack.expire(key, expiresAtMs);
  }

  expiresAtMs(key: ChunkKey): Awaitable<number | undefined> {
    return this.parts.stack.expiresAtMs(key);
  }

  count(namespace: number): Promise<number> {
    return this.parts.stack.count(namespace);
  }

  scan(namespace: number | undefined, cursor: number, count: number): Promise<ScanPage> {
    return this.parts.stack.scan(namespace, cursor, count);
  }

  clear(filter: ChunkFilter = {}, tier?: string): Awaitable<number> {
    const { stack } = this.parts;
    return stack.clear(
      filter,
      tier === undefined ? undefined : [tierNamed(stack.tiers, tier, 'KV_CLEAR_TIER')],
    );
  }

  crc32c(bytes: Uint8Array, previous?: number): number {
    return this.parts.arena.crc32c(bytes, previous);
  }

  chunks(request: PrefixRequest): readonly PrefixChunk[] {
    return this.parts.chunker.chunks(request);
  }

  chunksInTurns(request: PrefixRequest): Awaitable<readonly PrefixChunk[]> {
    return this.parts.chunker.chunksInTurns(request);
  }

  chunkCount(tokens: number): number {
    return this.parts.chunker.chunkCount(tokens);
  }

  async lookup(request: PrefixRequest, options: PrefixPinOptions = {}): Promise<LookupResult> {
    const { pinMs, group } = options;
    const located = await this.#locate(request, { leaseMs: this.parts.config.leaseMs });
    const result = pinMs === undefined ? located : await this.#pinAll(located, pinMs, group);
    this.counters.lookups++;
    this.counters.lookupTokens += request.tokens.length;
    this.counters.hitTokens += result.hitTokens;
    return result;
  }

  retrieve(request: PrefixRequest): Observable<RetrievedChunk> {
    return beginWith(this.chunksInTurns(request), (chunks) => {
      publishPrefix(chunks, request.tokens.length, true);
      return this.#retrieval.retrieve(chunks);
    });
  }

  prefetch(what: ChunkSelection, options?: PrefetchOptions): Observable<PrefetchProgress> {
    return beginWithKeys(this.#keysOf(what), (keys) => this.#prefetcher.prefetch(keys, options));
  }

  move(what: ChunkSelection, request: MoveRequest): Observable<MoveProgress> {
    return beginWithKeys(this.#keysOf(what), (keys) => this.#mover.move(keys, request));
  }

  compress(what: ChunkSelection, request: CompressRequest): Observable<CompressionProgress> {
    return beginWithKeys(this.#keysOf(what), (keys) => this.#compressor.compress(keys, request));
  }

  decompress(what: ChunkSelection, request: DecompressRequest): Observable<CompressionProgress> {
    return beginWithKeys(this.#keysOf(what), (keys) => this.#compressor.decompress(keys, request));
  }

  reserveChunk(
    chunk: PrefixChunk,
    lengthBytes: number,
    options?: ReserveOptions,
  ): Awaitable<PutReservation | Refusal> {
    return this.reserve(chunk.key, lengthBytes, options);
  }

  pinPrefix(
    request: PrefixRequest,
    timeoutMs = this.parts.config.pinTimeoutMs,
    group?: string,
  ): Promise<LookupResult> {
    return this.lookup(request, { pinMs: timeoutMs, ...(group !== undefined && { group }) });
  }

  unpinPrefix(request: PrefixRequest): Awaitable<number> {
    return countWithKeys(this.#keysOf(request), (keys) => this.unpin(keys));
  }

  removePrefix(request: PrefixRequest): Awaitable<number> {
    return countWithKeys(this.#keysOf(request), (keys) => this.delete(keys));
  }

  status(): EngineStatus {
    return engineStatus(this.parts, this.counters, this.#draining);
  }

  #keysOf(what: ChunkSelection): Awaitable<readonly ChunkKey[]> {
    return 'tokens' in what ? chain(this.chunksInTurns(what), keysOf) : what;
  }

  #locateOptions({ lease = false, withMetadata = false, localOnly = false }: LookupOptions): LocateOptions {
    return { withMetadata, localOnly, ...(lease && { leaseMs: this.parts.config.leaseMs }) };
  }

  async #locate(request: PrefixRequest, options: ContainsOptions): Promise<LookupResult> {
    const chunks = await this.chunksInTurns(request);
    publishPrefix(chunks, request.tokens.length, false);
    return lookupResult(await locateInTurns(this.parts.stack, chunks, options));
  }

  /** Pins what was found; what was gone by then, and all behind it, was not found. */
  async #pinAll({ chunks }: LookupResult, pinMs: number, group?: string): Promise<LookupResult> {
    const pinned = await this.pin(keysOf(chunks), pinMs, group);
    const gone = pinned.indexOf(false);
    return lookupResult(gone === -1 ? chunks : chunks.slice(0, gone));
  }

  #fits(request: AllocationRequest): boolean {
    const { arena, stack } = this.parts;
    const { key, lengthBytes } = request;
    return key.bytes.length <= MAX_KEY_BYTES && !arena.isTooLarge(request) && stack.takes(lengthBytes);
  }

  #allocate(request: AllocationRequest): PutReservation | Refusal {
    let handle: ArenaHandle | 'busy' | 'too-large' | undefined;
    try {
      handle = this.parts.stack.space.reserve(request);
    } finally {
      if (typeof handle !== 'object') this.parts.gate.leave(request.lengthBytes);
    }
    return typeof handle === 'string' ? this.#refuse(handle) : new EnginePutReservation(handle, this);
  }

  #store(handle: ArenaHandle, waitForAll: boolean): Awaitable<StoreResult> {
    const { lengthBytes } = handle;
    const stored = this.parts.stack.store(handle, waitForAll, () => this.parts.gate.leave(lengthBytes));
    return chain(stored, (outcomes) => this.#result(outcomes));
  }

  #result(outcomes: StoreOutcomes): StoreResult {
    const tiers: string[] = [];
    for (const [tier, outcome] of outcomes) if (outcome === 'stored') tiers.push(tier);
    if (tiers.length > 0) {
      this.counters.stored++;
      return { stored: true, tiers };
    }
    return { stored: false, reason: this.#refuse(worstReason(outcomes)).refused, tiers };
  }

  #refuse(reason: RefusalReason): Refusal {
    this.counters.refused[reason]++;
    return { refused: reason };
  }
}
