import { PagedColumn } from '../../common/paged-column.js';
import { type Clock } from '../../common/clock.js';
import { ChunkKey, type KeyDigest } from '../../protocols/chunk-key/chunk-key.js';
import { type AdmissionPolicy } from '../admission-policy.interface.js';
import { type EvictionPolicy } from '../eviction-policy.interface.js';
import { EntryPool } from '../residency/entry-pool.js';
import { type ResidentTraits } from '../residency/entry-table.js';
import { ResidentSet } from '../residency/resident-set.js';
import { type BlockSpace } from './block-space.js';
import { FRAME_HEAD_BYTES, writeFrame, type Checksum } from './journal-format.js';
import { type LiveRecords } from './journal.js';
import { PutRecordView, type RemoveRecord, type Use } from './record-codec.js';
import { RecordStore } from './record-store.js';

export interface DiskIndexOptions {
  readonly tier: string;
  readonly capacityBytes: number;
  readonly blockBytes: number;
  readonly policy: EvictionPolicy;
  readonly admission?: AdmissionPolicy | undefined;
  readonly clock: Clock;
  readonly seed: number;
  readonly crc32c: Checksum;
  /** A chunk has left the index, for whatever reason. */
  readonly onDeparture: (chunk: RemoveRecord) => void;
}

/** A guess, to turn bytes of a copy into entries. */
const RECORD_BYTES = 256;
const USES_PER_SCAN = 1024;

/**
 * The chunks of the tier: a resident set whose entries stand for put records, kept as they are in the journal. There
 * lie key, metadata, blocks and checksum of a chunk, and no object exists for it.
 */
export class DiskIndex implements LiveRecords {
  readonly resident: ResidentSet;
  readonly records = new RecordStore();
  readonly #options: DiskIndexOptions;
  readonly #pool = new EntryPool();
  readonly #reference = new PagedColumn(Uint32Array);
  readonly #view = new PutRecordView();
  #liveBytes = 0;
  #sequence = 0;

  constructor(options: DiskIndexOptions) {
    this.#options = options;
    this.resident = new ResidentSet({
      tier: options.tier,
      capacityBytes: options.capacityBytes,
      policy: options.policy,
      admission: options.admission,
      clock: options.clock,
      matches: (entry, key) => this.at(entry).hasKey(key.bytes, key.namespace),
      keyOf: (entry) => this.keyOf(entry),
      onDeparture: (entry) => this.#depart(entry),
    });
  }

  get liveBytes(): number {
    return this.#liveBytes;
  }

  get sequence(): number {
    return this.#sequence;
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  /** The record of an entry. The view is the same for all: it is good until the next call of anything here. */
  at(entry: number): PutRecordView {
    const reference = this.#reference.get(entry);
    return this.#view.over(this.records.slabOf(reference), this.records.offsetOf(reference));
  }

  keyOf(entry: number): ChunkKey {
    const record = this.at(entry);
    return new ChunkKey(Buffer.from(record.key), record.namespace);
  }

  /** Adds a chunk; another of the same key leaves. @param body its put record. */
  insert(key: ChunkKey, body: Buffer, parent?: KeyDigest): void {
    const reference = this.records.allocate(body.length);
    body.copy(this.records.slabOf(reference), this.records.offsetOf(reference));
    this.adopt(key, reference, parent);
  }

  /** The chunk under `old` goes on with another record. @returns its entry. */
  replace(old: number, key: ChunkKey, body: Buffer, parent?: KeyDigest): number {
    const reference = this.records.allocate(body.length);
    body.copy(this.records.slabOf(reference), this.records.offsetOf(reference));
    const { entry, traits } = this.#take(reference, parent);
    this.resident.replace(old, entry, key, traits);
    return entry;
  }

  /** As `insert`, for a record that already lies in `records`. */
  adopt(key: ChunkKey, reference: number, parent?: KeyDigest): void {
    const { entry, traits } = this.#take(reference, parent);
    this.resident.insert(entry, key, traits);
  }

  /** Whether the tier takes a chunk of so many blocks under this key, although others go for it. */
  admits(key: ChunkKey, blocks: number, traits: Pick<ResidentTraits, 'depth' | 'parent'>): boolean {
    if (this.resident.find(key) !== -1) return true;
    return this.resident.admits(key, { ...traits, bytes: blocks * this.#options.blockBytes });
  }

  /** @returns whether it was there. */
  removeKey(key: ChunkKey): boolean {
    const entry = this.resident.find(key);
    return entry !== -1 && this.resident.remove(entry);
  }

  setExpiresAtMs(entry: number, expiresAtMs: number): void {
    this.at(entry).expiresAtMs = expiresAtMs;
    this.resident.setExpiresAtMs(entry, expiresAtMs);
  }

  /** The chunk was read, or found by a lookup that leased it. */
  touch(entry: number): void {
    this.at(entry).lastUse = this.nextSequence();
    this.resident.touch(entry);
  }

  /** Gives up one chunk that nobody reads. @returns false when there is none. */
  evict(space: BlockSpace): boolean {
    return this.resident.evict((entry) => !space.isRead(this.at(entry).firstBlock)) !== -1;
  }

  collect(cursor: number, sequence: number, maxBytes: number): { frames: Buffer; cursor: number } {
    const { seed, crc32c } = this.#options;
    const entries: number[] = [];
    let bytes = 0;
    const next = this.resident.scan(cursor, Math.ceil(maxBytes / RECORD_BYTES), (entry) => {
      const record = this.at(entry);
      if (record.sequence > sequence) return;
      entries.push(entry);
      bytes += FRAME_HEAD_BYTES + record.bytes;
    });
    const frames = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (const entry of entries) {
      const record = this.at(entry);
      record.clearUsed();
      at = writeFrame(frames, at, record.body, seed, crc32c);
    }
    return { frames, cursor: next };
  }

  /** Chunks used since their records were written. Start with cursor 0; done when 0 comes back. */
  uses(cursor: number): { uses: Use[]; cursor: number } {
    const uses: Use[] = [];
    const next = this.resident.scan(cursor, USES_PER_SCAN, (entry) => {
      const record = this.at(entry);
      if (record.usedSinceWritten) uses.push({ firstBlock: record.firstBlock, lastUse: record.lastUse });
    });
    return { uses, cursor: next };
  }

  /** An entry of its own for a record. */
  #take(reference: number, parent: KeyDigest | undefined): { entry: number; traits: ResidentTraits } {
    const entry = this.#pool.allocate();
    this.#reference.set(entry, reference);
    const record = this.at(entry);
    const { expiresAtMs, depth, hasMetadata } = record;
    this.#liveBytes += FRAME_HEAD_BYTES + record.bytes;
    this.#sequence = Math.max(this.#sequence, record.sequence, record.lastUse);
    const bytes = record.blocks * this.#options.blockBytes;
    return { entry, traits: { bytes, expiresAtMs, depth, parent, hasMetadata } };
  }

  #depart(entry: number): void {
    const record = this.at(entry);
    const { firstBlock, sequence } = record;
    this.#liveBytes -= FRAME_HEAD_BYTES + record.bytes;
    this.records.free(this.#reference.get(entry));
    this.#pool.free(entry);
    this.#options.onDeparture({ firstBlock, sequence });
  }
}
