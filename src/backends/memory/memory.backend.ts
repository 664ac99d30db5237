import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Arena, type ArenaHandle } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type Clock } from '../../common/clock.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import { backendClosed, chunkNotSealed } from '../backend-errors.js';
import { type AdmissionPolicyFactory } from '../admission-policy.interface.js';
import { type EvictionPolicyFactory } from '../eviction-policy.interface.js';
import { ResidentSet } from '../residency/resident-set.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type ChunkFilter,
  type ContainsOptions,
  type InPlace,
  type PutOutcome,
  type ReadOutcome,
  type ReplaceOutcome,
  type ScanPage,
  type StorageBackend,
} from '../storage-backend.interface.js';

export interface MemoryBackendOptions {
  readonly name: string;
  readonly capacityBytes: number;
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly policy: EvictionPolicyFactory;
  /** Absent: every chunk is taken. */
  readonly admissionPolicy?: AdmissionPolicyFactory;
  readonly clock: Clock;
}

/** Chunks removed before others get a turn. */
const CLEAR_BATCH = 2048;

/**
 * Keeps chunks where they are: a put is one more reference to the bytes in the arena, a get another. The entry of a
 * chunk is its slot in the arena, and its key is compared there, so a chunk at rest has no JavaScript object.
 */
export class MemoryBackend implements StorageBackend {
  readonly type = 'memory';
  readonly name: string;
  readonly capabilities: BackendCapabilities;
  readonly inPlace: InPlace = {
    peek: (key) => this.#peek(key),
    replace: (handle) => this.#replace(handle),
  };
  readonly #options: MemoryBackendOptions;
  readonly #arena: Arena;
  #entries = new Int32Array(128);
  /** Undefined unless open. */
  #resident: ResidentSet | undefined;
  #removeReclaimer: (() => void) | undefined;
  #closing: Promise<unknown> | undefined;

  constructor(options: MemoryBackendOptions) {
    this.name = options.name;
    this.#options = options;
    this.#arena = options.arena;
    this.capabilities = {
      persistent: false,
      shared: false,
      zeroCopy: true,
      scan: true,
      expiry: true,
      metadata: 'any',
      accounted: true,
      encodings: true,
      maxChunkBytes: Math.min(options.capacityBytes, options.arena.usage().dataBytes),
    };
  }

  /** Is open when it returns, also while an earlier `close` still gives bytes back. */
  open(): Promise<void> {
    if (this.#resident === undefined) {
      this.#resident = this.#createResidentSet();
      this.#removeReclaimer = this.#options.space.addReclaimer((bytes) => this.#reclaim(bytes));
    }
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const resident = this.#resident;
    if (resident !== undefined) {
      this.#resident = undefined;
      this.#removeReclaimer?.();
      this.#closing = removeAll(resident);
    }
    await this.#closing;
  }

  contains(key: ChunkKey, options?: ContainsOptions): boolean {
    const resident = this.#open();
    return this.#isThere(resident, resident.find(key), options);
  }

  containsBatch(keys: KeyBatch, answers: Uint8Array, mark: number, options?: ContainsOptions): number {
    const resident = this.#open();
    if (keys.length > this.#entries.length) this.#entries = new Int32Array(2 * keys.length);
    const entries = this.#entries;
    resident.findDigests(keys, entries);
    this.#arena.matchBatch(entries, keys);
    let found = 0;
    for (let i = 0; i < keys.length; i++) {
      if (answers[i] !== 0 || entries[i] === -1) continue;
      const entry = this.#sameOrOther(resident, keys, i, entries[i] as number);
      if (!this.#isThere(resident, entry, options)) continue;
      answers[i] = mark;
      found++;
    }
    return found;
  }

  containsPrefix(keys: readonly ChunkKey[], options?: ContainsOptions): number {
    this.#open();
    let found = 0;
    for (const key of keys) {
      if (!this.contains(key, options)) break;
      found++;
    }
    return found;
  }

  isPutPending(): boolean {
    return false;
  }

  putMany(handles: readonly ArenaHandle[]): readonly PutOutcome[] {
    const resident = this.#open();
    return handles.map((handle) => this.#put(resident, handle));
  }

  get(key: ChunkKey): ReadOutcome {
    const resident = this.#open();
    const entry = resident.find(key);
    if (entry === -1) return 'miss';
    resident.consumeLease(entry);
    resident.touch(entry);
    return this.#arena.acquire(entry, key);
  }

  getMany(keys: readonly ChunkKey[]): readonly ReadOutcome[] {
    this.#open();
    return keys.map((key) => this.get(key));
  }

  pin(key: ChunkKey, timeoutMs: number): boolean {
    return this.#with(key, (resident, entry) => resident.pin(entry, timeoutMs));
  }

  unpin(key: ChunkKey): boolean {
    return this.#with(key, (resident, entry) => resident.unpin(entry));
  }

  remove(key: ChunkKey): boolean {
    return this.#with(key, (resident, entry) => resident.remove(entry));
  }

  removeMany(keys: readonly ChunkKey[]): readonly boolean[] {
    this.#open();
    return keys.map((key) => this.remove(key));
  }

  expire(key: ChunkKey, expiresAtMs: number): boolean {
    return this.#with(key, (resident, slot) => {
      resident.setExpiresAtMs(slot, expiresAtMs);
      using handle = this.#arena.acquire(slot, key);
      handle.setAttributes({ expiresAtMs });
    });
  }

  expiresAtMs(key: ChunkKey): number | undefined {
    const resident = this.#open();
    const entry = resident.find(key);
    return entry === -1 ? undefined : resident.expiresAtMs(entry);
  }

  clear(filter: ChunkFilter = {}): Awaitable<number> {
    const resident = this.#open();
    const { removed, cursor } = resident.clear(filter, 0, CLEAR_BATCH);
    return cursor === 0 ? removed : removeAll(resident, filter, cursor, removed);
  }

  scan(cursor: number, count: number): ScanPage {
    const keys: ChunkKey[] = [];
    const next = this.#open().scan(cursor, count, (slot) => keys.push(this.#keyOf(slot)));
    return { keys, cursor: next };
  }

  usage(): BackendUsage {
    const resident = this.#resident;
    return {
      capacityBytes: this.#options.capacityBytes,
      usedBytes: resident?.usedBytes ?? 0,
      chunks: resident?.size ?? 0,
      evictions: resident?.evictions ?? 0,
      leasedBytes: resident?.leasedBytes ?? 0,
      pinnedBytes: resident?.pinnedBytes ?? 0,
      corruptions: 0,
      healthy: true,
    };
  }

  #createResidentSet(): ResidentSet {
    const { name, capacityBytes, policy, admissionPolicy, clock } = this.#options;
    return new ResidentSet({
      tier: name,
      capacityBytes,
      clock,
      policy: policy.create(this.#arena.slotCount),
      admission: admissionPolicy?.create(),
      matches: (slot, key) => this.#arena.matches(slot, key),
      keyOf: (slot) => this.#keyOf(slot),
      onDeparture: (slot) => this.#arena.unkeep(slot),
    });
  }

  #open(): ResidentSet {
    if (this.#resident !== undefined) return this.#resident;
    throw backendClosed(this.name);
  }

  /** Behind an entry of another key with the same digest, that of the key may follow. */
  #sameOrOther(resident: ResidentSet, keys: KeyBatch, index: number, entry: number): number {
    if (entry < 0) return resident.find(keys.key(index));
    return resident.isCurrent(entry) ? entry : -1;
  }

  #isThere(resident: ResidentSet, entry: number, options: ContainsOptions | undefined): boolean {
    if (entry === -1 || (options?.withMetadata && !resident.hasMetadata(entry))) return false;
    if (options?.leaseMs !== undefined) {
      resident.lease(entry, options.leaseMs);
      resident.touch(entry);
    }
    return true;
  }

  /** Does something to a chunk. @returns false when it is not there, else true or what `action` says. */
  #with(key: ChunkKey, action: (resident: ResidentSet, entry: number) => unknown): boolean {
    const resident = this.#open();
    const entry = resident.find(key);
    return entry !== -1 && action(resident, entry) !== false;
  }

  #put(resident: ResidentSet, handle: ArenaHandle): PutOutcome {
    if (handle.state === 'reserved') throw chunkNotSealed(this.name);
    const { slot, key } = handle;
    const { expiresAtMs, depth, parent } = handle.attributes;
    const old = resident.find(key);
    if (old === slot) {
      resident.setExpiresAtMs(slot, expiresAtMs);
      resident.touch(slot);
      return 'stored';
    }
    const bytes = this.#arena.footprintBytes(slot);
    const traits = { bytes, expiresAtMs, depth, parent, hasMetadata: handle.metadata.length > 0 };
    if (old === -1 && bytes <= resident.capacityBytes && !resident.admits(key, traits)) return 'rejected';
    const oldBytes = old === -1 ? 0 : resident.bytesOf(old);
    if (!resident.makeRoom(bytes - oldBytes, (entry) => entry !== old)) {
      if (old !== -1) resident.remove(old);
      return bytes > resident.capacityBytes ? 'rejected' : 'busy';
    }
    resident.insert(slot, key, traits);
    this.#arena.keep(slot);
    return 'stored';
  }

  #peek(key: ChunkKey): ReadOutcome {
    const entry = this.#open().find(key);
    return entry === -1 ? 'miss' : this.#arena.acquire(entry, key);
  }

  #replace(handle: ArenaHandle): ReplaceOutcome {
    const resident = this.#open();
    if (handle.state === 'reserved') throw chunkNotSealed(this.name);
    const { slot, key } = handle;
    const old = resident.find(key);
    if (old === -1) return 'missing';
    if (old === slot) return 'stored';
    const bytes = this.#arena.footprintBytes(slot);
    if (!resident.makeRoom(bytes - resident.bytesOf(old), (entry) => entry !== old)) return 'busy';
    const expiresAtMs = resident.expiresAtMs(old);
    const { depth, parent } = handle.attributes;
    handle.setAttributes({ expiresAtMs });
    this.#arena.keep(slot);
    const hasMetadata = handle.metadata.length > 0;
    resident.replace(old, slot, key, { bytes, expiresAtMs, depth, parent, hasMetadata });
    return 'stored';
  }

  /** Gives arena bytes back. A chunk that somebody reads would give nothing, so it stays. */
  #reclaim(bytes: number): number {
    const resident = this.#open();
    let reclaimed = 0;
    while (reclaimed < bytes) {
      const freed = resident.evict((slot) => this.#arena.referenceCount(slot) === 1);
      if (freed === -1) break;
      reclaimed += freed;
    }
    return reclaimed;
  }

  #keyOf(slot: number): ChunkKey {
    using handle = this.#arena.acquire(slot);
    return handle.key;
  }
}

/** Removes what the filter selects, and lets others run every now and then. @returns how many chunks. */
async function removeAll(
  resident: ResidentSet,
  filter: ChunkFilter = {},
  cursor = 0,
  removedBefore = 0,
): Promise<number> {
  let removed = removedBefore;
  for (;;) {
    const step = resident.clear(filter, cursor, CLEAR_BATCH);
    removed += step.removed;
    cursor = step.cursor;
    if (cursor === 0) return removed;
    await nextTurn();
  }
}
