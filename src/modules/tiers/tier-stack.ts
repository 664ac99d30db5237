import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { chunkFilter, withoutAge } from '../../backends/chunk-filter.js';
import {
  type ChunkFilter,
  type ContainsOptions,
  type PutOutcome,
  type ReadOutcome,
  type ScanPage,
} from '../../backends/storage-backend.interface.js';
import { type CodecPlace } from '../../codecs/codec-place.interface.js';
import { all, chain, type Awaitable } from '../../common/awaitable.js';
import { type Clock } from '../../common/clock.js';
import { crc32c as softCrc32c } from '../../common/crc32c.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import { type Locating } from './locating.interface.js';
import { ChunkLoads } from './chunk-loads.js';
import { ChunkForms } from './forms/chunk-forms.js';
import { ChunkRecodes } from './forms/chunk-recodes.js';
import { type CompressionCounts, type RecodeOptions, type RecodeResult } from './forms/recode.interface.js';
import { ChunkMoves, type MoveOptions, type MoveOutcome } from './chunk-moves.js';
import { InFlightPuts } from './in-flight-puts.js';
import { countKeys, scanTiers } from './tier-scan.js';
import { type ReadOptions, TierReads } from './tier-reads.js';
import { type Located, type LocateOptions, TierSearch } from './tier-search.js';
import { type Tier } from './tier.js';

/** What a store came to: the outcome of each tier that has answered, by name. */
export type StoreOutcomes = ReadonlyMap<string, PutOutcome>;

export interface TierStackOptions {
  /** Of chunks that are promoted when readers wait for nothing any more. Default 0. */
  readonly maxPromotionBytes?: number;
  readonly crc32c?: CodecPlace['crc32c'];
}

const EVERYWHERE: ReadOptions = {};

/**
 * The backends in the order of the configuration: earlier ones are asked first, writes go through to all, reads
 * promote upwards, concurrent reads of one key are one read, and a put on its way is visible.
 *
 * Keys are ordered by what callers saw: a write or removal that starts after a load of the same key began makes that
 * load stale, so that old bytes never come back into a tier.
 */
export class TierStack {
  readonly #inFlight: InFlightPuts;
  readonly #moveLoads = new ChunkLoads();
  readonly #moves: ChunkMoves;
  readonly #search: TierSearch;
  readonly #reads: TierReads;
  readonly #forms: ChunkForms;
  readonly #recodes: ChunkRecodes;

  constructor(
    readonly tiers: readonly Tier[],
    readonly space: ArenaSpace,
    clock: Clock,
    { maxPromotionBytes = 0, crc32c = softCrc32c }: TierStackOptions = {},
  ) {
    this.#inFlight = new InFlightPuts(clock);
    this.#search = new TierSearch(tiers, this.#inFlight, (key) => this.#dropExpired(key));
    const place = { space, crc32c };
    this.#forms = new ChunkForms(place);
    this.#recodes = new ChunkRecodes(this.#inFlight, this.#forms, place);
    this.#moves = new ChunkMoves(tiers, this.#inFlight, this.#moveLoads, this.#forms, (from, key) =>
      this.#removeFrom(from, key),
    );
    this.#reads = new TierReads({
      tiers,
      search: this.#search,
      inFlight: this.#inFlight,
      forms: this.#forms,
      taken: () => this.#moves.taken,
      discard: (tier, key) => this.#removeFrom([tier], key),
      maxPromotionBytes,
    });
  }

  /** Whether a chunk of this size could be stored in any tier. */
  takes(lengthBytes: number): boolean {
    return this.tiers.some(
      ({ keeps, backend }) => keeps && lengthBytes <= backend.capabilities.maxChunkBytes,
    );
  }

  /** Name of the first tier that has the key. */
  locate(key: ChunkKey, options?: LocateOptions): Awaitable<string | undefined> {
    return this.#search.locate(key, options);
  }

  /**
   * For each key of a batch, 0 where no tier has it, else 1 + the place of the first that has it, or `IN_FLIGHT_MARK`. At
   * once where tiers that know the answer at once have all of them. The batch may change when this returns.
   */
  locateBatch(keys: KeyBatch, options?: LocateOptions): Awaitable<Uint8Array> {
    return this.#search.locateBatch(keys, options);
  }

  /** The keys in front of the first that no tier has, each with the first tier that has it. */
  locatePrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<readonly Located[]> {
    return this.#search.locatePrefix(keys, options);
  }

  /**
   * Where each key of a prefix would be read from. Tiers of this server are asked for all keys at once, and what they do
   * not have is asked of the others while the caller goes on.
   */
  locateAhead(keys: readonly ChunkKey[]): Locating {
    return this.#search.locateAhead(keys);
  }

  /**
   * The chunk from the first tier that has it, which then has it, too, as all in front of it; the handle belongs to the
   * caller.
   */
  read(key: ChunkKey, options: ReadOptions = EVERYWHERE): Awaitable<ReadOutcome> {
    return chain(this.#dropExpired(key), () => this.#reads.read(key, options));
  }

  /**
   * Writes a sealed chunk through to every tier.
   *
   * @param waitForAll wait for every tier; else only until one has it, and the others follow.
   * @param settled called once, when every tier has answered.
   */
  store(handle: ArenaHandle, waitForAll: boolean, settled: () => void): Awaitable<StoreOutcomes> {
    const { key } = handle;
    this.#moves.invalidate(key);
    this.#recodes.invalidate(key);
    this.#inFlight.hide(key);
    this.#reads.invalidate(key);
    const outcomes = new Map<string, PutOutcome>();
    const answers = this.tiers.map((tier) =>
      chain(tier.put(handle), (outcome) => {
        outcomes.set(tier.name, outcome);
        return outcome;
      }),
    );
    const slow = answers.filter((answer) => answer instanceof Promise);
    if (slow.length === 0) {
      settled();
      return outcomes;
    }
    const done = Promise.all(slow).finally(settled);
    this.#inFlight.track(handle, done);
    if (!waitForAll && answers[0] === 'stored') return outcomes;
    return (waitForAll ? done : firstStored(slow)).then(() => outcomes);
  }

  /** Brings a chunk from one tier to another. */
  move(key: ChunkKey, options: MoveOptions): Promise<MoveOutcome> {
    this.#reads.flush(key);
    return this.#moves.move(key, options);
  }

  /** Brings a chunk of a tier into another form, where it is. */
  recode(key: ChunkKey, options: RecodeOptions): Promise<RecodeResult> {
    this.#reads.flush(key);
    return this.#recodes.recode(key, options);
  }

  /** What became of chunks in place since the start. */
  compression(): CompressionCounts {
    const { compressedChunks, decompressedChunks, savedBytes } = this.#recodes;
    return { decodedChunks: this.#forms.decodedChunks, compressedChunks, decompressedChunks, savedBytes };
  }

  remove(key: ChunkKey): Awaitable<boolean> {
    const hidden = this.#inFlight.hide(key);
    return chain(this.#removeFrom(this.tiers, key), (removed) => hidden || removed.includes(true));
  }

  /** @param only the tiers that are cleared; what is on its way to others goes on. */
  clear(filter: ChunkFilter, only?: readonly Tier[]): Awaitable<number> {
    if (only === undefined) this.#inFlight.hideAll(chunkFilter(filter));
    const cleared = this.#during(
      () => all((only ?? this.tiers).map((tier) => tier.ask((backend) => backend.clear(filter), 0))),
      chunkFilter(withoutAge(filter)),
    );
    return chain(cleared, (counts) => Math.max(0, ...counts));
  }

  /** Protects the chunk in every tier that has it. */
  pin(key: ChunkKey, timeoutMs: number): Awaitable<boolean> {
    return chain(
      all(this.tiers.map((tier) => tier.ask((backend) => backend.pin(key, timeoutMs), false))),
      (pinned) => pinned.includes(true),
    );
  }

  unpin(key: ChunkKey): Awaitable<boolean> {
    return chain(
      all(this.tiers.map((tier) => tier.ask((backend) => backend.unpin(key), false))),
      (unpinned) => unpinned.includes(true),
    );
  }

  /** A tier that is still storing the chunk is told once it has it. */
  expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean> {
    return chain(this.#dropExpired(key), () => this.#expire(key, expiresAtMs));
  }

  expiresAtMs(key: ChunkKey): Awaitable<number | undefined> {
    return chain(this.#dropExpired(key), () => this.#expiresAtMs(key));
  }

  count(namespace: number): Promise<number> {
    return countKeys(this.tiers, namespace);
  }

  scan(namespace: number | undefined, cursor: number, count: number): Promise<ScanPage> {
    return scanTiers(this.tiers, namespace, cursor, count);
  }

  /** Resolves when every write that was accepted has reached its tiers, and no chunk is brought into another form. */
  async settled(): Promise<void> {
    this.#reads.flushAll();
    await this.#recodes.settled();
    await this.#forms.settled();
    await this.#inFlight.settled();
  }

  /** When all tiers have closed: resolves when what they gave until then has come to its readers. The arena is read meanwhile. */
  async ended(): Promise<void> {
    await Promise.all([this.#reads.settled(), this.#moveLoads.settled()]);
    await this.settled();
  }

  /** A chunk that expires on its way to a tier takes along what it was to replace there. */
  #dropExpired(key: ChunkKey): Awaitable<unknown> {
    return this.#inFlight.hasExpired(key) ? this.remove(key) : undefined;
  }

  #expire(key: ChunkKey, expiresAtMs: number): Awaitable<boolean> {
    const pending = this.#inFlight.done(key);
    using handle = this.#inFlight.get(key);
    handle?.setAttributes({ expiresAtMs });
    const told = chain(
      this.#change(key, (tier) => tier.expire(key, expiresAtMs)),
      (found) => found.includes(true),
    );
    if (pending === undefined) return told;
    const toldAgain = pending.then((isCurrent) => isCurrent && this.expire(key, expiresAtMs));
    return Promise.all([told, toldAgain]).then((found) => found.includes(true));
  }

  #expiresAtMs(key: ChunkKey): Awaitable<number | undefined> {
    using handle = this.#inFlight.get(key);
    if (handle !== undefined) return handle.attributes.expiresAtMs;
    return this.#expiryFrom(0, key);
  }

  #expiryFrom(index: number, key: ChunkKey): Awaitable<number | undefined> {
    const tier = this.tiers[index];
    if (tier === undefined) return undefined;
    return chain(
      tier.ask((backend) => backend.expiresAtMs(key), undefined),
      (time) => time ?? this.#expiryFrom(index + 1, key),
    );
  }

  /** Changes a chunk in every tier, so that no load brings back how it was before. */
  #change<T>(
    key: ChunkKey,
    change: (tier: Tier) => Awaitable<T>,
    tiers: readonly Tier[] = this.tiers,
  ): Awaitable<readonly T[]> {
    return this.#during(() => all(tiers.map(change)), isKey(key));
  }

  #removeFrom(tiers: readonly Tier[], key: ChunkKey): Awaitable<readonly boolean[]> {
    return this.#change(key, (tier) => tier.ask((backend) => backend.remove(key), false), tiers);
  }

  #during<T>(change: () => Awaitable<T>, concerns: (key: ChunkKey) => boolean): Awaitable<T> {
    return this.#moveLoads.during(() => this.#reads.during(change, concerns), concerns);
  }
}

function isKey({ id }: ChunkKey): (key: ChunkKey) => boolean {
  return (other) => other.id === id;
}

/** Resolves when one of the puts is stored, or all have been answered. */
function firstStored(puts: readonly Promise<PutOutcome>[]): Promise<unknown> {
  return new Promise((resolve) => {
    for (const put of puts) void put.then((outcome) => outcome === 'stored' && resolve(outcome));
    void Promise.all(puts).then(resolve);
  });
}
