import { type Clock } from '../../common/clock.js';
import { evictedChannel } from '../../common/tracing/engine-event.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import { describeKey } from '../../protocols/chunk-key/describe-key.js';
import { type AdmissionPolicy } from '../admission-policy.interface.js';
import { type ChunkTraits, type EvictionPolicy } from '../eviction-policy.interface.js';
import { type ChunkFilter } from '../storage-backend.interface.js';
import { DigestIndex } from './digest-index.js';
import { EntryTable, type DescribeKey, type ResidentTraits } from './entry-table.js';
import { HoldTable } from './hold-table.js';
import { PolicyEntries } from './policy-entries.js';

export type Departure = 'removed' | 'replaced' | 'evicted' | 'expired';

export interface ResidentSetOptions {
  /** Name of the tier, for the eviction policy. */
  readonly tier: string;
  readonly capacityBytes: number;
  readonly policy: EvictionPolicy;
  /** Absent: every chunk is taken. */
  readonly admission?: AdmissionPolicy | undefined;
  readonly clock: Clock;
  /** Whether the chunk under `entry`, whose digest is that of `key`, has this very key. */
  readonly matches: (entry: number, key: ChunkKey) => boolean;
  /** The key of a chunk that is there. */
  readonly keyOf: (entry: number) => ChunkKey;
  /** An entry has left the set, for whatever reason: the owner gives its bytes back here, and only here. */
  readonly onDeparture: (entry: number, departure: Departure) => void;
  /** Default: what the key forms of LMCache say. */
  readonly describe?: DescribeKey;
}

/**
 * The bookkeeping of a tier on this machine: which chunks are there, how many bytes they take, which of them are
 * leased or pinned, when they expire, and which goes next. Says nothing about where the bytes are: the owner hands
 * out the entries (small dense integers) and is told when one leaves.
 */
export class ResidentSet {
  readonly capacityBytes: number;
  readonly #options: ResidentSetOptions;
  readonly #describe: DescribeKey;
  readonly #index = new DigestIndex();
  readonly #table = new EntryTable();
  readonly #holds: HoldTable;
  readonly #policyEntries = new PolicyEntries();
  #evictions = 0;
  /** Bytes of chunks that were given up, and of whose room no chunk has come into yet. */
  #madeBytes = 0;

  constructor(options: ResidentSetOptions) {
    this.#options = options;
    this.#describe = options.describe ?? describeKey;
    this.capacityBytes = options.capacityBytes;
    this.#holds = new HoldTable({ clock: options.clock, leasableBytes: options.capacityBytes / 2 });
  }

  /** Chunks that are there; those that have expired and were not asked for since are counted. */
  get size(): number {
    return this.#index.size;
  }

  get usedBytes(): number {
    return this.#table.usedBytes;
  }

  get leasedBytes(): number {
    return this.#holds.leasedBytes;
  }

  get pinnedBytes(): number {
    return this.#holds.pinnedBytes;
  }

  get evictions(): number {
    return this.#evictions;
  }

  /** Chunks in a namespace, counted as in `size`. */
  count(namespace: number): number {
    return this.#table.count(namespace);
  }

  /** The entry of a chunk, or -1. A chunk that has expired is removed and not found. */
  find(key: ChunkKey): number {
    const entry = this.#index.find(key, this.#options.matches);
    return entry === -1 || this.#dropIfExpired(entry) ? -1 : entry;
  }

  /** For each key of a batch the entry with its digest, or -1: its key may be another, and it may have expired. */
  findDigests(keys: KeyBatch, entries: Int32Array): void {
    this.#index.findDigests(keys, entries);
  }

  /** Whether an entry has not expired; if it has, it is removed. */
  isCurrent(entry: number): boolean {
    return !this.#dropIfExpired(entry);
  }

  /**
   * Adds a chunk. The chunk of this key that was there leaves as `replaced`, its lease and pins pass to the new one;
   * so does, without them, a chunk of another key with the same digest. Room is the caller's business (`makeRoom`).
   */
  insert(entry: number, key: ChunkKey, traits: ResidentTraits): void {
    const { bytes } = traits;
    const twin = this.#index.find(key, anyEntry);
    this.#index.insert(key, entry);
    if (twin !== -1) {
      if (this.#options.matches(twin, key)) this.#holds.move(twin, entry, bytes);
      this.#drop(twin, 'replaced');
    }
    const origin = this.#describe(key);
    this.#table.add(entry, key.namespace, origin, traits, this.#options.clock.nowMs());
    this.#madeBytes = Math.max(0, this.#madeBytes - bytes);
    const chunk = this.#chunkTraits(key, traits, origin);
    const known = this.#policyEntries.known(entry);
    this.#options.policy.onInsert(known, chunk);
    this.#options.admission?.onInsert(known, chunk);
  }

  /**
   * The chunk under `old` goes on under `entry`, made of other bytes: holds, age and what policies know of it stay. It leaves as
   * `replaced`. Room is the caller's business.
   */
  replace(old: number, entry: number, key: ChunkKey, traits: ResidentTraits): void {
    const storedAtMs = this.#table.storedAtMs(old);
    this.#index.insert(key, entry);
    this.#index.remove(old);
    this.#holds.move(old, entry, traits.bytes);
    this.#holds.drop(old);
    this.#policyEntries.exchange(old, entry);
    this.#table.remove(old);
    this.#table.add(entry, key.namespace, this.#describe(key), traits, storedAtMs);
    this.#options.onDeparture(old, 'replaced');
  }

  /** Whether the tier takes a chunk that is not there, although others go for it. Does not make room. */
  admits(key: ChunkKey, traits: ResidentTraits): boolean {
    const { admission } = this.#options;
    if (admission === undefined) return true;
    const isFull = this.usedBytes + traits.bytes > this.capacityBytes;
    if (!isFull && this.#madeBytes === 0) return true;
    const victim = isFull ? this.victim() : -1;
    return admission.admits(
      this.#chunkTraits(key, traits, this.#describe(key)),
      this.#policyEntries.known(victim),
    );
  }

  /** The chunk was read, or found by a lookup that leased it. */
  touch(entry: number): void {
    const known = this.#policyEntries.known(entry);
    this.#options.policy.onAccess(known);
    this.#options.admission?.onAccess(known);
  }

  /** @returns whether the entry was there. */
  remove(entry: number): boolean {
    return this.#drop(entry, 'removed');
  }

  /** Bytes of the tier's capacity that a chunk takes. */
  bytesOf(entry: number): number {
    return this.#table.bytes(entry);
  }

  /** Epoch milliseconds, 0 = never. */
  expiresAtMs(entry: number): number {
    return this.#table.expiresAtMs(entry);
  }

  setExpiresAtMs(entry: number, expiresAtMs: number): void {
    this.#table.setExpiresAtMs(entry, expiresAtMs);
  }

  hasMetadata(entry: number): boolean {
    return this.#table.hasMetadata(entry);
  }

  /** @returns false when half of the capacity is leased already; the chunk is then not protected. */
  lease(entry: number, durationMs: number): boolean {
    return this.#holds.lease(entry, this.#table.bytes(entry), durationMs);
  }

  consumeLease(entry: number): void {
    this.#holds.consumeLease(entry);
  }

  pin(entry: number, timeoutMs: number): void {
    this.#holds.pin(entry, this.#table.bytes(entry), timeoutMs);
  }

  /** @returns whether there was a pin. */
  unpin(entry: number): boolean {
    return this.#holds.unpin(entry);
  }

  /** Leased or pinned, and not expired. */
  isHeld(entry: number): boolean {
    return this.#holds.isHeld(entry) && !this.#isExpired(entry);
  }

  /** The entry to give up next, which is still there; -1 when all are held or `evictable` refuses them. */
  victim(evictable?: (entry: number) => boolean): number {
    const known = this.#options.policy.victim((candidate) => {
      const entry = this.#policyEntries.owner(candidate);
      return !this.isHeld(entry) && (evictable === undefined || evictable(entry));
    });
    return this.#policyEntries.owner(known);
  }

  /** Gives up one chunk. @returns the bytes it took of the capacity, -1 when none can go. */
  evict(evictable?: (entry: number) => boolean): number {
    const entry = this.victim(evictable);
    if (entry === -1) return -1;
    const freedBytes = this.#table.bytes(entry);
    const key = evictedChannel.hasSubscribers ? this.#options.keyOf(entry) : undefined;
    this.#evictions++;
    this.#madeBytes += freedBytes;
    this.#drop(entry, 'evicted');
    if (key !== undefined) {
      evictedChannel.publish({ type: 'evicted', key, tier: this.#options.tier, freedBytes });
    }
    return freedBytes;
  }

  /** Evicts until `bytes` more fit the capacity. @returns false when they cannot; some may be evicted by then. */
  makeRoom(bytes: number, evictable?: (entry: number) => boolean): boolean {
    if (bytes + Math.max(this.leasedBytes, this.pinnedBytes) > this.capacityBytes) return false;
    while (this.usedBytes + bytes > this.capacityBytes) if (this.evict(evictable) === -1) return false;
    return true;
  }

  /**
   * Calls `visit` with entries, about `limit` of them. Start with cursor 0; complete when 0 comes back. Every entry
   * that is there during the whole scan is visited.
   */
  scan(cursor: number, limit: number, visit: (entry: number) => void): number {
    const page: number[] = [];
    const next = this.#index.scan(cursor, limit, page);
    for (const entry of page) if (!this.#dropIfExpired(entry)) visit(entry);
    return next;
  }

  /**
   * Removes what the filter selects, about `limit` entries a call, so that a caller can let others run in between.
   * @returns the number of chunks removed, and the cursor to go on with (0 = done).
   */
  clear(filter: ChunkFilter, cursor: number, limit: number): { removed: number; cursor: number } {
    const originOf = (entry: number): ReturnType<DescribeKey> => this.#describe(this.#options.keyOf(entry));
    let removed = 0;
    const next = this.scan(cursor, limit, (entry) => {
      if (this.#table.matches(entry, filter, originOf) && this.#drop(entry, 'removed')) removed++;
    });
    return { removed, cursor: next };
  }

  #chunkTraits(key: ChunkKey, traits: ResidentTraits, origin: ReturnType<DescribeKey>): ChunkTraits {
    const { bytes, depth = -1, parent } = traits;
    return {
      digest: [key.d0, key.d1, key.d2, key.d3],
      bytes,
      tier: this.#options.tier,
      model: origin.model,
      tenant: origin.tenant,
      depth,
      parent: parent === undefined ? -1 : this.#policyEntries.known(this.#index.find(parent, anyEntry)),
    };
  }

  #isExpired(entry: number): boolean {
    const expiresAtMs = this.#table.expiresAtMs(entry);
    return expiresAtMs !== 0 && expiresAtMs <= this.#options.clock.nowMs();
  }

  #dropIfExpired(entry: number): boolean {
    return this.#isExpired(entry) && this.#drop(entry, 'expired');
  }

  #drop(entry: number, departure: Departure): boolean {
    if (!this.#index.remove(entry)) return false;
    this.#holds.drop(entry);
    this.#table.remove(entry);
    const known = this.#policyEntries.known(entry);
    this.#options.policy.onRemove(known);
    this.#options.admission?.onRemove(known);
    this.#options.onDeparture(entry, departure);
    return true;
  }
}

function anyEntry(): boolean {
  return true;
}
