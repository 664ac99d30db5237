import { type ContainsOptions } from '../../backends/storage-backend.interface.js';
import { all, chain, type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import { type Locating } from './locating.interface.js';
import { type InFlightPuts } from './in-flight-puts.js';
import { type Tier } from './tier.js';

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

/** Finds out which tier has a chunk. Tiers are asked in their order, and chunks on their way to one count. */
export class TierSearch {
  /** The place of the first tier, from each place on, that no other server sees. */
  readonly #localFrom: readonly number[];

  /** @param dropExpired removes a chunk that expired on its way to a tier. */
  constructor(
    private readonly tiers: readonly Tier[],
    private readonly inFlight: InFlightPuts,
    private readonly dropExpired: (key: ChunkKey) => Awaitable<unknown>,
  ) {
    this.#localFrom = tiers.map((_, from) => {
      const next = tiers.findIndex((tier, index) => index >= from && !tier.backend.capabilities.shared);
      return next === -1 ? tiers.length : next;
    });
  }

  /** Name of the first tier that has the key. */
  locate(key: ChunkKey, options?: LocateOptions): Awaitable<string | undefined> {
    return chain(this.dropExpired(key), () => this.#locateFrom(0, key, options));
  }

  /**
   * For each key of a batch, 0 where no tier has it, else 1 + the place of the first that has it, or `IN_FLIGHT_MARK`. At
   * once where tiers that know the answer at once have all of them. The batch may change when this returns.
   */
  locateBatch(keys: KeyBatch, options?: LocateOptions): Awaitable<Uint8Array> {
    const answers = new Uint8Array(keys.length);
    const isLocal = options?.localOnly === true;
    let missing = keys.length;
    let index = this.placeFrom(0, isLocal);
    if (!this.inFlight.anyExpired) {
      for (; missing > 0; index = this.placeFrom(index + 1, isLocal)) {
        const found = this.tiers[index]?.containsBatch(keys, answers, index + 1, options);
        if (found === undefined) break;
        missing -= found;
      }
    }
    return missing === 0 ? answers : this.#locateRest(index, keys, answers, options);
  }

  /** The keys in front of the first that no tier has, each with the first tier that has it. */
  async locatePrefix(keys: readonly ChunkKey[], options?: ContainsOptions): Promise<readonly Located[]> {
    for (const key of keys) if (this.inFlight.hasExpired(key)) await this.dropExpired(key);
    return this.#locateRun(0, keys, options);
  }

  /**
   * Where each key of a prefix would be read from. Tiers of this server are asked for all keys at once, and what they do
   * not have is asked of the others while the caller goes on.
   */
  locateAhead(keys: readonly ChunkKey[]): Locating {
    const here = this.tiers.filter(({ backend }) => !backend.capabilities.shared);
    const now = keys.map((key) => locateAtOnce(here, key));
    const rest = now.flatMap((tier, index) => (tier === undefined ? [index] : []));
    if (rest.length === 0) return { now, later: undefined };
    const later = this.locatePrefix(rest.map((index) => keys[index] as ChunkKey)).then((located) => {
      const places = [...now];
      for (const [i, { tier }] of located.entries()) places[rest[i] as number] = tier;
      return places;
    });
    return { now, later };
  }

  /** The place of the first tier, from `index` on, that is to be asked. */
  placeFrom(index: number, localOnly: boolean): number {
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
      const located = chain(this.dropExpired(key), () => this.#locateFrom(index, key, options));
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
    const index = this.placeFrom(from, options?.localOnly === true);
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
      const isFirst = found.length === 0;
      // Behind what is below: the tiers there do not have it.
      if (run === 0 && !isFirst) break;
      for (const key of rest.slice(0, run)) found.push({ key, tier: tier.name });
      if (!isFirst && !tier.backend.capabilities.shared)
        return [...found, ...(await this.#locateMixed(index, rest.slice(run), options))];
      const lower = run < rest.length ? await this.#locateRun(index + 1, rest.slice(run), options) : [];
      if (lower.length === 0) break;
      found.push(...(await preferTier(tier, lower, options)));
    }
    return found;
  }

  /**
   * As `#locateRun`, where keys are by turns in this tier, which others do not see, and below: it is asked for each, so that those
   * below are asked once for what it lacks, and not once for every run of keys.
   */
  async #locateMixed(
    index: number,
    keys: readonly ChunkKey[],
    options: ContainsOptions = {},
  ): Promise<readonly Located[]> {
    if (keys.length === 0) return [];
    const tier = this.tiers[index] as Tier;
    // What is behind the first that is missing gets no lease.
    const { leaseMs, ...what } = options;
    const here = await all(keys.map((key) => tier.ask((backend) => backend.contains(key, what), false)));
    const missing = keys.filter((_, i) => here[i] !== true);
    const lower = await this.#locateRun(index + 1, missing, options);
    const found: Located[] = [];
    let below = 0;
    for (const [i, key] of keys.entries()) {
      const place = here[i] === true ? { key, tier: tier.name } : lower[below++];
      if (place === undefined) break;
      const isGone =
        here[i] === true &&
        leaseMs !== undefined &&
        !(await tier.ask((backend) => backend.contains(key, options), false));
      if (isGone) return [...found, ...(await this.#locateRun(index, keys.slice(i), options))];
      found.push(place);
    }
    return found;
  }

  #locateInFlight(keys: readonly ChunkKey[], options: ContainsOptions | undefined): readonly Located[] {
    const missing = keys.findIndex((key) => !this.#isInFlight(key, options));
    return keys.slice(0, missing === -1 ? keys.length : missing).map((key) => ({ key, tier: IN_FLIGHT }));
  }

  #isInFlight(key: ChunkKey, options: ContainsOptions | undefined): boolean {
    using handle = this.inFlight.get(key);
    return handle !== undefined && (options?.withMetadata !== true || handle.metadata.length > 0);
  }
}

/** Name of the first tier that has the key. One that does not answer at once, and those behind it, are `here` no more. */
function locateAtOnce(here: Tier[], key: ChunkKey): string | undefined {
  for (const [index, tier] of here.entries()) {
    const found = tier.ask((backend) => backend.contains(key), false);
    if (found === true) return tier.name;
    if (found instanceof Promise) here.splice(index);
  }
  return undefined;
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
