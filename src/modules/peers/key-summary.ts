import { randomBytes } from 'node:crypto';
import { storedChannel } from '../../common/tracing/engine-event.channel.js';
import { FILTER_BLOCK_BYTES, KeyFilter } from '../../protocols/kvnest-tcp/key-filter.js';
import { hashKey, type KeyHash } from '../../protocols/kvnest-tcp/key-hash.js';
import { type SummaryAnswer, type SummaryVersion } from '../../protocols/kvnest-tcp/summary.js';
import { type Tier } from '../tiers/tier.js';
import { type WaitingAsker } from './peer-owner.interface.js';
import { SummaryWaits } from './summary-waits.js';

/** Room for each key when the filter is full. */
const BITS_PER_KEY = 12;
const MIN_KEYS = 4096;
/** Largest filter: beyond some 5 million keys more and more is taken to be there that is not. */
const MAX_FILTER_BYTES = 8 * 1024 * 1024;
/** Keys that were added last, for who knows all before them. */
const MAX_ADDED = 64 * 1024;
const SCAN_PAGE = 512;
/** Nobody has asked for so long, which is longer than a question may wait: what is stored is not followed any more. */
const FORGOTTEN_MS = 60_000;

/** One filter, and what was added to it. */
class Filter {
  readonly id = randomBytes(8).toString('hex');
  version = 0;
  readonly keys: KeyFilter;
  readonly capacityKeys: number;
  readonly #added: KeyHash[] = [];

  /** @param expectedKeys of now; there is room for half as many more. */
  constructor(expectedKeys: number) {
    this.capacityKeys = Math.max(MIN_KEYS, Math.ceil(1.5 * expectedKeys));
    const bytes = Math.min(MAX_FILTER_BYTES, (this.capacityKeys * BITS_PER_KEY) / 8);
    this.keys = new KeyFilter(Buffer.alloc(Math.ceil(bytes / FILTER_BLOCK_BYTES) * FILTER_BLOCK_BYTES));
  }

  /** @returns whether it was not in it. */
  add(hash: KeyHash): boolean {
    if (this.keys.mayHave(hash)) return false;
    this.keys.add(hash);
    this.version++;
    this.#added.push(hash);
    if (this.#added.length > MAX_ADDED) this.#added.splice(0, MAX_ADDED / 2);
    return true;
  }

  isAt({ id, version }: SummaryVersion): boolean {
    return id === this.id && version === this.version;
  }

  since({ id, version }: SummaryVersion): SummaryAnswer {
    const missed = this.version - version;
    const about = { id: this.id, version: this.version };
    if (id !== this.id || missed < 0 || missed > this.#added.length)
      return { kind: 'whole', ...about, filter: this.keys.bytes };
    return { kind: 'added', ...about, hashes: missed === 0 ? [] : this.#added.slice(-missed) };
  }
}

/**
 * The keys of the tiers that no other server sees. The first question makes a filter of what is there; from then on it follows what
 * is stored, and tells who waits for it. It does not follow what goes: the filter is made anew when half as many keys were added as it began with, or when
 * half of its keys are gone.
 */
export class KeySummary {
  answered = 0;
  readonly waits: SummaryWaits;
  readonly #tiers: readonly Tier[];
  readonly #names: ReadonlySet<string>;
  #filter: Filter | undefined;
  /** Being made. */
  #next: { readonly filter: Filter; readonly done: Promise<void> } | undefined;
  #unsubscribe: (() => void) | undefined;
  #forget: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(tiers: readonly Tier[], now?: () => number) {
    this.waits = new SummaryWaits(now);
    this.#tiers = tiers.filter(({ backend }) => !backend.capabilities.shared);
    this.#names = new Set(this.#tiers.map(({ name }) => name));
  }

  /** Who waits is told what is new together with others, also where it is there already. */
  async since(version: SummaryVersion, waitMs: number, asker: WaitingAsker): Promise<SummaryAnswer> {
    const answer = await this.#now(version);
    if (waitMs === 0 || answer.kind !== 'added') return answer;
    const waited = this.waits.wait(waitMs, asker);
    if (this.#filter?.isAt(version) !== true) this.waits.wake();
    await waited;
    return this.#answer(version);
  }

  /** For good: what is asked for from now on is that there is none. */
  close(): void {
    this.#isClosed = true;
    this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#forget);
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#filter = undefined;
    this.#next = undefined;
  }

  async #now(version: SummaryVersion): Promise<SummaryAnswer> {
    this.answered++;
    if (this.#isClosed || !this.#tiers.every(({ backend }) => backend.capabilities.scan))
      return { kind: 'none' };
    this.#listen();
    if (this.#isOutworn()) this.#make();
    // While a new one is made, the one before is as true as ever.
    if (this.#filter === undefined) await this.#next?.done;
    return this.#answer(version);
  }

  #answer(version: SummaryVersion): SummaryAnswer {
    return this.#filter?.since(version) ?? { kind: 'none' };
  }

  #listen(): void {
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => this.#rest(), FORGOTTEN_MS).unref();
    this.#unsubscribe ??= storedChannel.subscribe(({ key, tier }) => {
      if (!this.#names.has(tier)) return;
      const hash = hashKey(key.bytes, key.namespace);
      if (this.#filter?.add(hash) === true) this.waits.wake();
      this.#next?.filter.add(hash);
    });
  }

  #isOutworn(): boolean {
    const filter = this.#filter;
    if (filter === undefined) return true;
    const { version, capacityKeys } = filter;
    return version > capacityKeys || (version > MIN_KEYS && this.#countKeys() < version / 2);
  }

  #make(): void {
    if (this.#next !== undefined) return;
    const filter = new Filter(this.#countKeys());
    const next = { filter, done: this.#fill(filter) };
    this.#next = next;
    const settle = (made: Filter | undefined): void => {
      if (this.#next !== next) return;
      this.#next = undefined;
      if (made === undefined) return;
      this.#filter = made;
      this.waits.wake();
    };
    next.done.then(
      () => settle(filter),
      () => settle(undefined),
    );
  }

  /** What is stored meanwhile is told apart, so that no key is missed. */
  async #fill(filter: Filter): Promise<void> {
    for (const { backend } of this.#tiers) {
      let cursor = 0;
      do {
        const page = await backend.scan(cursor, SCAN_PAGE);
        for (const { bytes, namespace } of page.keys) filter.add(hashKey(bytes, namespace));
        cursor = page.cursor;
        await new Promise(setImmediate);
      } while (cursor !== 0 && this.#unsubscribe !== undefined);
    }
  }

  #countKeys(): number {
    return this.#tiers.reduce((sum, { backend }) => sum + backend.usage().chunks, 0);
  }
}
