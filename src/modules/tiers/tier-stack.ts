import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { chunkFilter } from '../../backends/chunk-filter.js';
import {
  type ChunkFilter,
  type ContainsOptions,
  type PutOutcome,
  type ReadOutcome,
  type ScanPage,
} from '../../backends/storage-backend.interface.js';
import { all, chain, type Awaitable } from '../../common/awaitable.js';
import { type Clock } from '../../common/clock.js';
import { hitChannel } from '../../common/tracing/engine-event.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import { ChunkLoads } from './chunk-loads.js';
import { InFlightPuts } from './in-flight-puts.js';
import { countKeys, scanTiers } from './tier-scan.js';
import { type Tier } from './tier.js';

/** What a store came to: the outcome of each tier that has answered, by name. */
export type StoreOutcomes = ReadonlyMap<string, PutOutcome>;

export interface Located {
  readonly key: ChunkKey;
  readonly tier: string;
}

export interface LocateOptions extends ContainsOptions {
  /** Tiers that other servers see, too, are not asked. */
  readonly localOnly?: boolean;
}

/** Name under which a chunk is found that no tier has yet. */
export const IN_FLIGHT = 'in-flight';

/** The same, as a number: there are never so many tiers. */
export const IN_FLIGHT_MARK = 255;

/**
 * The backends in the order of the configuration: earlier ones are asked first, writes go through to all, reads
 * promote upwards, concurrent reads of one key are one read, and a put on its way is visible.
 *
 * Keys are ordered by what callers saw: a write or removal that starts after a load of the same key began makes that
 * load stale, so that old bytes never come back into a tier.
 */
export class TierStack {
  readonly #inFlight: InFlightPuts;
  readonly #loads = new ChunkLoads();
  readonly #localLoads = new ChunkLoads();
  /** The place of the first tier, from each place on, that no other server sees. */
  readonly #localFrom: readonly number[];

  constructor(
    readonly tiers: readonly Tier[],
    readonly space: ArenaSpace,
    clock: Clock,
  ) {
    this.#inFlight = new InFlightPuts(clock);
    this.#localFrom = tiers.map((_, from) => {
      const next = tiers.findIndex((tier, index) => index >= from && !tier.backend.capabilities.shared);
      return next === -1 ? tiers.length : next;
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
    return chain(this.#dropExpired(key), () => this.#locateFrom(0, key, options));
  }

  /**
   * For each key of a batch, 0 where no tier has it, else 1 + the place of the first that has it, or `IN_FLIGHT_MARK`. At
   * once where tiers that know the answer at once have all of them. The batch may change when this returns.
   */
  locateBatch(keys: KeyBatch, options?: LocateOptions): Awaitable<Uint8Array> {
    const answers = new Uint8Array(keys.length);
    const isLocal = options?.localOnly === true;
    let missing = keys.length;
    let index = this.#placeFrom(0, isLocal);
    if (!this.#inFlight.anyExpired) {
      for (; missing > 0; index = this.#placeFrom(index + 1, isLocal)) {
        const found = this.tiers[index]?.containsBatch(keys, answers, index + 1, options);
        if (found === undefined) break;
        missing -= found;
      }
    }
    return missing === 0 ? answers : this.#locateRest(index, keys, answers, options);
  }

  /** The keys in front of the first that no tier has, each with the first tier that has it. */
  async locatePrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<readonly Located[]> {
    for (const key of keys) if (this.#inFlight.hasExpired(key)) await this.remove(key);
    return this.#locateRun(0, keys, options);
  }

  /**
   * The chunk from the first tier that has it; the handle belongs to the caller.
   *
   * @param localOnly tiers that other servers see, too, are not asked, and loads from there not waited for.
   */
  read(key: ChunkKey, localOnly = false): Awaitable<ReadOutcome> {
    return chain(this.#dropExpired(key), () => this.#readFrom(0, key, 'miss', localOnly));
  }

  /**
   * Writes a sealed chunk through to every tier.
   *
   * @param waitForAll wait for every tier; else only until one has it, and the others follow.
   * @param settled called once, when every tier has answered.
   */
  store(handle: ArenaHandle, waitForAll: boolean, settled: () => void): Awaitable<StoreOutcomes> {
    const { key } = handle;
    this.#loads.invalidate(key);
    this.#localLoads.invalidate(key);
    this.#inFlight.hide(key);
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

  remove(key: ChunkKey): Awaitable<boolean> {
    const hidden = this.#inFlight.hide(key);
    return chain(
      this.#change(key, (tier) => tier.ask((backend) => backend.remove(key), false)),
      (removed) => hidden || removed.includes(true),
    );
  }

  clear(filter: ChunkFilter): Awaitable<number> {
    const matches = chunkFilter(filter);
    this.#inFlight.hideAll(matches);
    const cleared = this.#during(
      () => all(this.tiers.map((tier) => tier.ask((backend) => backend.clear(filter), 0))),
      matches,
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

  /** Resolves when every write that was accepted has reached its tiers. */
  settled(): Promise<void> {
    return this.#inFlight.settled();
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
  #change<T>(key: ChunkKey, change: (tier: Tier) => Awaitable<T>): Awaitable<readonly T[]> {
    return this.#during(
      () => all(this.tiers.map(change)),
      ({ id }) => id === key.id,
    );
  }

  #during<T>(change: () => Awaitable<T>, concerns: (key: ChunkKey) => boolean): Awaitable<T> {
    return this.#loads.during(() => this.#localLoads.during(change, concerns), concerns);
  }

  #placeFrom(index: number, localOnly: boolean): number {
    return localOnly ? (this.#localFrom[index] ?? index) : index;
  }

  /** Those that tiers in front of `index` do not have. */
  #locateRest(
    index: number,
    keys: KeyBatch,
    answers: Uint8Array,
    options: LocateOptions | undefined,
  ): Awaitable<Uint8Array> {
    const slow: Promise<void>[] = [];
    for (let i = 0; i < answers.length; i++) {
      if (answers[i] !== 0) continue;
      const key = keys.key(i);
      const located = chain(this.#dropExpired(key), () => this.#locateFrom(index, key, options));
      if (located instanceof Promise) slow.push(located.then((tier) => void (answers[i] = this.#mark(tier))));
      else answers[i] = this.#mark(located);
    }
    return slow.length === 0 ? answers : Promise.all(slow).then(() => answers);
  }

  #mark(tier: string | undefined): number {
    if (tier === undefined) return 0;
    return tier === IN_FLIGHT ? IN_FLIGHT_MARK : 1 + this.tiers.findIndex(({ name }) => name === tier);
  }

  #locateFrom(
    from: number,
    key: ChunkKey,
    options: LocateOptions | undefined,
  ): Awaitable<string | undefined> {
    const index = this.#placeFrom(from, options?.localOnly === true);
    const tier = this.tiers[index];
    if (tier === undefined) return this.#isInFlight(key, options) ? IN_FLIGHT : undefined;
    return chain(
      tier.ask((backend) => backend.contains(key, options), false),
      (found) => (found ? tier.name : this.#locateFrom(index + 1, key, options)),
    );
  }

  /**
   * As `locatePrefix`, from a tier on. At the first key that this one lacks, the lower tiers are asked for all the
   * rest: a tier at the end of a network is asked once, not once for every key.
   */
  async #locateRun(
    index: number,
    keys: readonly ChunkKey[],
    options: ContainsOptions | undefined,
  ): Promise<readonly Located[]> {
    const tier = this.tiers[index];
    if (tier === undefined) return this.#locateInFlight(keys, options);
    const found: Located[] = [];
    while (found.length < keys.length) {
      const rest = keys.slice(found.length);
      const run = await tier.ask((backend) => backend.containsPrefix(rest, options), 0);
      for (const key of rest.slice(0, run)) found.push({ key, tier: tier.name });
      const lower = run < rest.length ? await this.#locateRun(index + 1, rest.slice(run), options) : [];
      if (lower.length === 0) break;
      found.push(...(await preferTier(tier, lower, options)));
    }
    return found;
  }

  #locateInFlight(keys: readonly ChunkKey[], options: ContainsOptions | undefined): readonly Located[] {
    const missing = keys.findIndex((key) => !this.#isInFlight(key, options));
    return keys.slice(0, missing === -1 ? keys.length : missing).map((key) => ({ key, tier: IN_FLIGHT }));
  }

  #isInFlight(key: ChunkKey, options: ContainsOptions | undefined): boolean {
    using handle = this.#inFlight.get(key);
    return handle !== undefined && (options?.withMetadata !== true || handle.metadata.length > 0);
  }

  /** @param worst what to answer when no further tier has it: `busy` and `corrupt` say more than `miss`. */
  #readFrom(
    from: number,
    key: ChunkKey,
    worst: 'miss' | 'busy' | 'corrupt',
    localOnly: boolean,
  ): Awaitable<ReadOutcome> {
    const index = this.#placeFrom(from, localOnly);
    const tier = this.tiers[index];
    if (tier === undefined) return worst;
    const { zeroCopy } = tier.backend.capabilities;
    const outcome = zeroCopy
      ? tier.ask<ReadOutcome>((backend) => backend.get(key), 'miss')
      : (this.#inFlight.get(key) ?? this.#load(index, tier, key));
    return chain(outcome, (answer) => {
      if (typeof answer === 'string')
        return this.#readFrom(index + 1, key, answer === 'miss' ? worst : answer, localOnly);
      tier.hits++;
      if (hitChannel.hasSubscribers) {
        hitChannel.publish({ type: 'hit', key, tier: tier.name, bytes: answer.lengthBytes });
      }
      return answer;
    });
  }

  #load(index: number, tier: Tier, key: ChunkKey): Awaitable<ReadOutcome> {
    // A reader that asks local tiers only must not wait for another server, which may wait for that reader.
    const loads = tier.backend.capabilities.shared ? this.#loads : this.#localLoads;
    return loads.read(
      key,
      async () => tier.ask<ReadOutcome>((backend) => backend.get(key), 'miss'),
      (handle) => this.#promote(index, handle),
    );
  }

  /** Puts what a lower tier gave into the tiers above it. */
  #promote(from: number, handle: ArenaHandle): void {
    const slow = this.tiers
      .slice(0, from)
      .map((tier) => tier.put(handle))
      .filter((answer) => answer instanceof Promise);
    if (slow.length > 0) this.#inFlight.track(handle, Promise.all(slow));
  }
}

/** The same keys, those that this tier has, too, as found in it. */
async function preferTier(
  tier: Tier,
  located: readonly Located[],
  options: ContainsOptions | undefined,
): Promise<readonly Located[]> {
  const here = await all(
    located.map(({ key }) => tier.ask((backend) => backend.contains(key, options), false)),
  );
  return located.map((found, i) => (here[i] === true ? { ...found, tier: tier.name } : found));
}

/** Resolves when one of the puts is stored, or all have been answered. */
function firstStored(puts: readonly Promise<PutOutcome>[]): Promise<unknown> {
  return new Promise((resolve) => {
    for (const put of puts) void put.then((outcome) => outcome === 'stored' && resolve(outcome));
    void Promise.all(puts).then(resolve);
  });
}
