import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { chain, type Awaitable } from '../../common/awaitable.js';
import { hitChannel } from '../../common/tracing/engine-event.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { ChunkLoads } from './chunk-loads.js';
import { type ChunkForms } from './forms/chunk-forms.js';
import { type InFlightPuts } from './in-flight-puts.js';
import { Promotions } from './promotions.js';
import { type TierSearch } from './tier-search.js';
import { type Tier } from './tier.js';

export interface ReadOptions {
  /** Tiers that other servers see, too, are not asked, and loads from there not waited for. */
  readonly localOnly?: boolean;
  /** Name of the tier where the chunk was found: what lies in front of it, but for memory, is asked when it has moved. */
  readonly place?: string;
  /** Number of the first tier that what is read is put into; default: the first of all. */
  readonly upTo?: number;
}

export interface TierReadsParts {
  readonly tiers: readonly Tier[];
  readonly search: TierSearch;
  readonly inFlight: InFlightPuts;
  readonly forms: ChunkForms;
  /** How many chunks have been taken from where they were. */
  readonly taken: () => number;
  /** Removes a chunk from one tier. */
  readonly discard: (tier: Tier, key: ChunkKey) => Awaitable<unknown>;
  /** Of chunks that are promoted when readers wait for nothing any more. */
  readonly maxPromotionBytes: number;
}

/** Reads from the first tier that has a chunk. Concurrent loads of one key are one, and what they bring is promoted upwards. */
export class TierReads {
  readonly #loads = new ChunkLoads(() => this.#promotions.onLoaded());
  readonly #localLoads = new ChunkLoads(() => this.#promotions.onLoaded());
  readonly #promotions: Promotions;

  constructor(private readonly parts: TierReadsParts) {
    const isLoading = (): boolean => this.#loads.size + this.#localLoads.size > 0;
    this.#promotions = new Promotions(parts.inFlight, isLoading, parts.maxPromotionBytes);
  }

  read(key: ChunkKey, options: ReadOptions): Awaitable<ReadOutcome> {
    const { tiers, taken } = this.parts;
    const first = options.place === undefined ? 0 : tiers.findIndex(({ name }) => name === options.place);
    const takenBefore = taken();
    const read = this.#readFrom(0, key, 'miss', options, first);
    if (first <= 0 && !(read instanceof Promise)) return read;
    return chain(read, (outcome) => {
      const hasMoved = first > 0 || takenBefore !== taken();
      return outcome === 'miss' && hasMoved ? this.#readFrom(0, key, 'miss', options) : outcome;
    });
  }

  /** The key was written: what is being loaded or waits to be promoted comes into no tier. It is hidden in `inFlight` already. */
  invalidate(key: ChunkKey): void {
    this.#loads.invalidate(key);
    this.#localLoads.invalidate(key);
    this.parts.forms.invalidate(key);
    this.flush(key);
  }

  /** Promotions of this key wait no longer. */
  flush(key: ChunkKey): void {
    this.#promotions.flush(({ id }) => id === key.id);
  }

  flushAll(): void {
    this.#promotions.flush();
  }

  /** Changes chunks in the tiers, so that no load brings back how they were before. */
  during<T>(change: () => Awaitable<T>, concerns: (key: ChunkKey) => boolean): Awaitable<T> {
    // Tiers order what they were told: none is to be handed a chunk that was loaded before the change.
    this.#promotions.flush(concerns);
    return this.#loads.during(() => this.#localLoads.during(change, concerns), concerns);
  }

  /** Resolves when nothing is being loaded any more. */
  async settled(): Promise<void> {
    await Promise.all([this.#loads.settled(), this.#localLoads.settled()]);
  }

  /**
   * @param worst what to answer when no further tier has it: `busy` and `corrupt` say more than `miss`.
   * @param first in front of this tier only memory is asked.
   */
  #readFrom(
    from: number,
    key: ChunkKey,
    worst: 'miss' | 'busy' | 'corrupt',
    options: ReadOptions,
    first = 0,
  ): Awaitable<ReadOutcome> {
    const { search, tiers, inFlight } = this.parts;
    const index = search.placeFrom(from, options.localOnly === true);
    const tier = tiers[index];
    if (tier === undefined) return worst;
    const { zeroCopy } = tier.backend.capabilities;
    if (!zeroCopy && index < first) return this.#readFrom(index + 1, key, worst, options, first);
    const found = zeroCopy
      ? tier.ask<ReadOutcome>((backend) => backend.get(key), 'miss')
      : (inFlight.get(key) ?? this.#load(key, index, first, options));
    const outcome = chain(found, (answer) => this.#decoded(answer, key, tier));
    return chain(outcome, (answer) => {
      if (typeof answer === 'string')
        return this.#readFrom(index + 1, key, answer === 'miss' ? worst : answer, options, first);
      tier.hits++;
      if (hitChannel.hasSubscribers) {
        hitChannel.publish({ type: 'hit', key, tier: tier.name, bytes: answer.lengthBytes });
      }
      return answer;
    });
  }

  /** What cannot be decoded is gone, as what fails its checksum. */
  #decoded(outcome: ReadOutcome, key: ChunkKey, tier: Tier): Awaitable<ReadOutcome> {
    if (typeof outcome === 'string' || !outcome.form.encoded) return outcome;
    const { forms, discard } = this.parts;
    return chain(forms.read(outcome), (answer) =>
      answer === 'corrupt' ? chain(discard(tier, key), () => answer) : answer,
    );
  }

  #load(key: ChunkKey, index: number, first: number, { upTo = 0 }: ReadOptions): Awaitable<ReadOutcome> {
    const tier = this.parts.tiers[index] as Tier;
    // A reader that asks local tiers only must not wait for another server, which may wait for that reader.
    const loads = tier.backend.capabilities.shared ? this.#loads : this.#localLoads;
    return loads.read(
      key,
      async () =>
        this.#decoded(await tier.ask<ReadOutcome>((backend) => backend.get(key), 'miss'), key, tier),
      (handle, top) => this.#promote(top, index, handle),
      { upTo, at: index, first },
    );
  }

  /** Puts what tier number `from` gave into those above it, from `upTo` on. */
  #promote(upTo: number, from: number, handle: ArenaHandle): void {
    const slow = this.parts.tiers
      .slice(upTo, from)
      .map((tier) => this.#promotions.put(tier, handle))
      .filter((answer) => answer instanceof Promise);
    if (slow.length > 0) this.parts.inFlight.track(handle, Promise.all(slow));
  }
}
