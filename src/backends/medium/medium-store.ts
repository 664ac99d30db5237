import { type ArenaHandle } from '../../arena/arena.interface.js';
import { intakePlace, type IntakePlace, ValueIntake } from '../../connectors/intake/value-intake.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { encodeSealedHeader, parseSealedHeader } from '../../protocols/sealed-chunk/sealed-chunk.js';
import { parseStoreKey } from '../../protocols/store-key/store-key.js';
import { EntryPool } from '../residency/entry-pool.js';
import { type ResidentTraits } from '../residency/entry-table.js';
import { ResidentSet } from '../residency/resident-set.js';
import { type PutOutcome, type ReadOutcome, type ReplaceOutcome } from '../storage-backend.interface.js';
import { type FillingMedium } from './chunk-medium.interface.js';
import { type MediumBackendOptions } from './medium-backend-options.interface.js';
import { headerOf, type StoredChunk } from './stored-chunk.js';

/** Puts in the resident set at most; the policy is made for so many. */
const MAX_CHUNKS = 1 << 22;

/** The records of an open medium, and the books of what is in them. */
export class MediumStore {
  readonly resident: ResidentSet;
  corruptions = 0;
  readonly #options: MediumBackendOptions;
  readonly #place: IntakePlace;
  readonly #entries = new EntryPool();
  readonly #chunks = new Map<number, StoredChunk>();
  readonly #running = new Set<Promise<unknown>>();
  #nextId = 1;

  constructor(options: MediumBackendOptions) {
    this.#options = options;
    this.#place = intakePlace(options);
    this.resident = new ResidentSet({
      tier: options.name,
      capacityBytes: options.capacityBytes,
      clock: options.clock,
      policy: options.policy.create(MAX_CHUNKS),
      admission: options.admissionPolicy?.create(),
      matches: (entry, key) => this.#chunk(entry).key.equals(key),
      keyOf: (entry) => this.#chunk(entry).key,
      onDeparture: (entry) => this.#onDeparture(entry),
    });
  }

  /** Takes up what the medium has from before. */
  async restore(): Promise<void> {
    for await (const { id, header: bytes } of await this.#options.medium.open()) {
      this.#nextId = Math.max(this.#nextId, id + 1);
      const header = parseSealedHeader(Buffer.from(bytes), this.#place.crc32c);
      const key = header === undefined ? undefined : parseStoreKey(header.name);
      if (header === undefined || key === undefined) await this.#options.medium.delete(id);
      else this.#insert({ id, key, header, tail: Promise.resolve(), writing: undefined }, bytes.length);
    }
    this.resident.makeRoom(0);
    await this.settled();
  }

  isPutPending(key: ChunkKey): boolean {
    const entry = this.resident.find(key);
    return entry !== -1 && this.#chunk(entry).writing !== undefined;
  }

  async put(handle: ArenaHandle): Promise<PutOutcome> {
    const { key } = handle;
    const header = headerOf(handle);
    const headerBytes = encodeSealedHeader(header, this.#place.crc32c);
    const bytes = headerBytes.length + handle.lengthBytes;
    const old = this.resident.find(key);
    const oldBytes = old === -1 ? 0 : this.resident.bytesOf(old);
    const couldFit = bytes <= this.resident.capacityBytes;
    if (old === -1 && couldFit && !this.resident.admits(key, { ...handle.attributes, bytes }))
      return 'rejected';
    if (!couldFit || !this.#makeRoom(bytes - oldBytes, old)) {
      if (old !== -1) await this.remove(old);
      return couldFit ? 'busy' : 'rejected';
    }
    const chunk = { id: this.#nextId++, key, header, tail: Promise.resolve(), writing: handle.retain() };
    const entry = this.#insert(chunk, headerBytes.length, handle.attributes.parent);
    return this.#write(chunk, entry, headerBytes);
  }

  /** Another form of a chunk that is there: it is written before the old one leaves. */
  async replace(handle: ArenaHandle): Promise<ReplaceOutcome> {
    const { key } = handle;
    const old = this.resident.find(key);
    if (old === -1) return 'missing';
    const before = this.#chunk(old);
    if (before.writing !== undefined) return 'busy';
    handle.setAttributes({ expiresAtMs: before.header.expiresAtMs });
    const header = headerOf(handle);
    const headerBytes = encodeSealedHeader(header, this.#place.crc32c);
    const chunk = { id: this.#nextId++, key, header, tail: Promise.resolve(), writing: undefined };
    using kept = handle.retain();
    const { medium, name, logger } = this.#options;
    try {
      await this.#next(chunk, () => medium.write(chunk.id, headerBytes, kept.views), true);
    } catch (error) {
      logger.warn(`Tier ${name} could not store a chunk: ${String(error)}`);
      return 'failed';
    }
    const traits = traitsOf(chunk, headerBytes.length, kept.attributes.parent);
    if (this.#chunks.get(old) !== before || !this.#makeRoom(traits.bytes - this.resident.bytesOf(old), old)) {
      const outcome = this.#chunks.get(old) === before ? 'busy' : 'missing';
      await this.#delete(chunk);
      return outcome;
    }
    const entry = this.#entries.allocate();
    this.#chunks.set(entry, chunk);
    const { expiresAtMs } = before.header;
    this.resident.replace(old, entry, key, { ...traits, expiresAtMs });
    if (expiresAtMs !== header.expiresAtMs) await this.expire(entry, expiresAtMs);
    return 'stored';
  }

  /** @param uses false: the lease goes on, and the chunk counts as used no later than it was. */
  async get(key: ChunkKey, uses = true): Promise<ReadOutcome> {
    for (;;) {
      const entry = this.resident.find(key);
      if (entry === -1) return 'miss';
      const chunk = this.#chunk(entry);
      if (uses) {
        this.resident.consumeLease(entry);
        this.resident.touch(entry);
      }
      if (chunk.writing !== undefined) return chunk.writing.retain();
      const read = await this.#read(chunk);
      const isThere = this.#chunks.get(entry) === chunk;
      if (read === 'absent' && !isThere) continue;
      const outcome = read === 'absent' ? 'corrupt' : read;
      if (outcome === 'corrupt' && isThere) {
        this.corruptions++;
        await this.remove(entry);
      }
      return outcome;
    }
  }

  /** @returns whether it was there, when it is gone from the medium. */
  async remove(entry: number): Promise<boolean> {
    const chunk = this.#chunks.get(entry);
    const removed = this.resident.remove(entry);
    await chunk?.tail;
    return removed;
  }

  async expire(entry: number, expiresAtMs: number): Promise<boolean> {
    const chunk = this.#chunk(entry);
    this.resident.setExpiresAtMs(entry, expiresAtMs);
    chunk.writing?.setAttributes({ expiresAtMs });
    chunk.header = { ...chunk.header, expiresAtMs };
    const header = encodeSealedHeader(chunk.header, this.#place.crc32c);
    await this.#next(chunk, () => this.#options.medium.writeHeader(chunk.id, header));
    return true;
  }

  keyOf(entry: number): ChunkKey {
    return this.#chunk(entry).key;
  }

  /** Resolves when nothing is being written or deleted any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #insert(chunk: StoredChunk, headerBytes: number, parent?: ArenaHandle['attributes']['parent']): number {
    const entry = this.#entries.allocate();
    this.#chunks.set(entry, chunk);
    this.resident.insert(entry, chunk.key, traitsOf(chunk, headerBytes, parent));
    return entry;
  }

  async #write(chunk: StoredChunk, entry: number, header: Buffer): Promise<PutOutcome> {
    const { medium, name, logger } = this.#options;
    const kept = chunk.writing;
    try {
      await this.#next(chunk, () => medium.write(chunk.id, header, kept?.views ?? []), true);
      return 'stored';
    } catch (error) {
      logger.warn(`Tier ${name} could not store a chunk: ${String(error)}`);
      if (this.#chunks.get(entry) === chunk) this.resident.remove(entry);
      return 'failed';
    } finally {
      chunk.writing = undefined;
      kept?.[Symbol.dispose]();
    }
  }

  async #read(chunk: StoredChunk): Promise<ReadOutcome | 'absent'> {
    const { medium, name, logger } = this.#options;
    try {
      if ('readInto' in medium) return await this.#fill(chunk, medium);
      const bytes = await medium.read(chunk.id);
      return bytes === undefined ? 'absent' : this.#take(chunk, bytes);
    } catch (error) {
      logger.warn(`Tier ${name} could not read a chunk: ${String(error)}`);
      return 'miss';
    }
  }

  async #fill(chunk: StoredChunk, medium: FillingMedium): Promise<ReadOutcome | 'absent'> {
    const { key } = chunk;
    const { lengthBytes, metadata } = chunk.header;
    const room = this.#options.space.reserve({
      key,
      lengthBytes,
      ...(metadata.length > 0 && { metadataCapacityBytes: metadata.length }),
    });
    if (typeof room === 'string') return room === 'busy' ? 'busy' : 'miss';
    let isSealed = false;
    try {
      const checksum = await medium.readInto(chunk.id, room.views);
      if (checksum === undefined) return 'absent';
      const { depth, expiresAtMs, form } = chunk.header;
      if (checksum !== chunk.header.checksum) return 'corrupt';
      if (metadata.length > 0) room.setMetadata(metadata);
      room.setAttributes({ depth, expiresAtMs, ...form });
      room.seal(checksum);
      isSealed = true;
      return room;
    } finally {
      if (!isSealed) room[Symbol.dispose]();
    }
  }

  #take({ key, header }: StoredChunk, bytes: Uint8Array): ReadOutcome {
    const { lengthBytes, checksum, metadata, depth, expiresAtMs, form } = header;
    if (bytes.length !== lengthBytes) return 'corrupt';
    using intake = new ValueIntake(this.#place, {
      key,
      lengthBytes,
      checksum,
      attributes: { depth, expiresAtMs, ...form },
      ...(metadata.length > 0 && { metadata }),
    });
    intake.write(bytes);
    return intake.finish();
  }

  #onDeparture(entry: number): void {
    const chunk = this.#chunk(entry);
    this.#chunks.delete(entry);
    this.#entries.free(entry);
    void this.#delete(chunk);
  }

  /** @param old stays. */
  #makeRoom(bytes: number, old: number): boolean {
    return this.resident.makeRoom(bytes, (entry) => entry !== old);
  }

  async #delete(chunk: StoredChunk): Promise<void> {
    const { medium, name, logger } = this.#options;
    try {
      await this.#next(chunk, () => medium.delete(chunk.id));
    } catch (error) {
      logger.warn(`Tier ${name} could not remove a chunk: ${String(error)}`);
    }
  }

  /** Does something with a record when everything before it is done. */
  #next(chunk: StoredChunk, action: () => Promise<void>, begins = false): Promise<void> {
    const done = begins ? action() : chunk.tail.then(action);
    const settled: Promise<unknown> = done
      .then(nothing, nothing)
      .finally(() => this.#running.delete(settled));
    this.#running.add(settled);
    chunk.tail = settled;
    return done;
  }

  #chunk(entry: number): StoredChunk {
    const chunk = this.#chunks.get(entry);
    if (chunk !== undefined) return chunk;
    throw new Error(`entry ${entry} has no chunk`);
  }
}

function traitsOf(
  { header: { lengthBytes, expiresAtMs, depth, metadata } }: StoredChunk,
  headerBytes: number,
  parent: ArenaHandle['attributes']['parent'],
): ResidentTraits {
  const hasMetadata = metadata.length > 0;
  return { bytes: headerBytes + lengthBytes, expiresAtMs, depth, parent, hasMetadata };
}

function nothing(): void {
  // A record that failed is told where it was asked for.
}
