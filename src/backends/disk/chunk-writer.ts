import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type PutOutcome, type ReplaceOutcome } from '../storage-backend.interface.js';
import { type BlockSpace } from './block-space.js';
import { type DataFile } from './data-file.js';
import { type Departures } from './departures.js';
import { type DiskIndex } from './disk-index.js';
import { FRAME_HEAD_BYTES } from './journal-format.js';
import { type Journal } from './journal.js';
import { type MediumHealth } from './medium-health.js';
import { encodePut, MAX_BODY_BYTES, MAX_RUNS, putRecordBytes, type RemoveRecord } from './record-codec.js';

export interface ChunkWriterParts {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly index: DiskIndex;
  readonly space: BlockSpace;
  readonly file: DataFile;
  readonly journal: Journal;
  readonly departures: Departures;
  readonly health: MediumHealth;
  /** Something was written that a loss of power could take. */
  readonly onWritten: () => void;
}

interface Put {
  readonly handle: ArenaHandle;
  readonly done: Promise<PutOutcome>;
  /** The key was written again or removed meanwhile: the chunk must not appear. */
  superseded: boolean;
  /** Sequence of the chunk whose place it takes; undefined: it takes that of any, or of none. */
  readonly replaces: number | undefined;
}

/**
 * Stores chunks: finds blocks, writes the bytes, and then the record that makes the chunk exist. Until that record is
 * in the journal nothing refers to the bytes, so a crash leaves the chunk whole or absent.
 */
export class ChunkWriter {
  readonly #parts: ChunkWriterParts;
  /** The latest put of each key on its way. */
  readonly #puts = new Map<string, Put>();
  readonly #running = new Set<Promise<PutOutcome>>();
  /** Records on their way to the journal: they will be there, whatever happens to their chunks meanwhile. */
  readonly #recording = new Set<Promise<void>>();
  /** Journal bytes of the records on their way. */
  #pendingBytes = 0;

  constructor(parts: ChunkWriterParts) {
    this.#parts = parts;
  }

  /** @param handle a sealed chunk; kept until the put has ended. */
  put(handle: ArenaHandle): Promise<PutOutcome> {
    const { id } = handle.key;
    const earlier = this.#puts.get(id);
    if (earlier?.handle.slot === handle.slot && earlier.handle.generation === handle.generation)
      return earlier.done;
    if (earlier !== undefined) earlier.superseded = true;
    return this.#begin(handle, undefined).done;
  }

  /** Another form of a chunk that is there; what is not stored leaves it. */
  async replace(handle: ArenaHandle): Promise<ReplaceOutcome> {
    const { index, space } = this.#parts;
    const { key } = handle;
    if (this.#puts.has(key.id)) return 'busy';
    const old = index.resident.find(key);
    if (old === -1) return 'missing';
    const { firstBlock, sequence } = index.at(old);
    // Room for the new form must not be that of the old one, which would be gone if the new one fails.
    space.beginRead(firstBlock);
    const put = this.#begin(handle, sequence);
    try {
      const outcome = await put.done;
      return outcome === 'stored' && put.superseded ? 'missing' : outcome;
    } finally {
      space.endRead(firstBlock);
    }
  }

  isPending(key: ChunkKey): boolean {
    return this.#puts.has(key.id);
  }

  /** What is on its way under this key must not appear. @returns whether there was something. */
  cancel(key: ChunkKey): boolean {
    const put = this.#puts.get(key.id);
    if (put === undefined) return false;
    put.superseded = true;
    return this.#puts.delete(key.id);
  }

  /** As `cancel`, for many. @returns their keys. */
  cancelAll(selects: (key: ChunkKey) => boolean): readonly ChunkKey[] {
    const keys = Array.from(this.#puts.values(), ({ handle }) => handle.key).filter(selects);
    for (const key of keys) this.cancel(key);
    return keys;
  }

  /** Resolves when no record of a put that was superseded or cancelled so far can reach the journal any more. */
  async recorded(): Promise<void> {
    await Promise.allSettled(this.#recording);
  }

  /** Resolves when every put so far has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  #begin(handle: ArenaHandle, replaces: number | undefined): Put {
    const put: Put = {
      handle: handle.retain(),
      superseded: false,
      replaces,
      done: Promise.resolve().then(() => this.#run(put)),
    };
    this.#puts.set(handle.key.id, put);
    this.#running.add(put.done);
    return put;
  }

  async #run(put: Put): Promise<PutOutcome> {
    const { handle } = put;
    const { index } = this.#parts;
    try {
      const outcome = await this.#store(put);
      const isLost = outcome !== 'stored' && put.replaces === undefined;
      if (isLost && !put.superseded) index.removeKey(handle.key);
      return outcome;
    } finally {
      const { id } = handle.key;
      if (this.#puts.get(id) === put) this.#puts.delete(id);
      this.#running.delete(put.done);
      handle[Symbol.dispose]();
    }
  }

  async #store(put: Put): Promise<PutOutcome> {
    const { blockBytes, blocks, health, departures, index } = this.#parts;
    const { key, lengthBytes, metadata, attributes } = put.handle;
    const needed = Math.max(1, Math.ceil(lengthBytes / blockBytes));
    if (needed > blocks || putRecordBytes(key.bytes.length, metadata.length, MAX_RUNS) > MAX_BODY_BYTES)
      return 'rejected';
    if (!health.allows()) return 'failed';
    departures.retry();
    if (this.#isHeldBack(needed)) return 'busy';
    if (!index.admits(key, needed, attributes)) return 'rejected';
    const recordBytes = FRAME_HEAD_BYTES + putRecordBytes(key.bytes.length, metadata.length, 1);
    if (!this.#makeJournalRoom(recordBytes)) return 'busy';
    this.#pendingBytes += recordBytes;
    try {
      return await this.#write(put, needed);
    } finally {
      this.#pendingBytes -= recordBytes;
    }
  }

  /** Whether what must stay leaves no room: then nothing is evicted in vain. */
  #isHeldBack(needed: number): boolean {
    const { blockBytes, blocks, index } = this.#parts;
    const { leasedBytes, pinnedBytes } = index.resident;
    return needed * blockBytes + Math.max(leasedBytes, pinnedBytes) > blocks * blockBytes;
  }

  #makeJournalRoom(bytes: number): boolean {
    const { index, journal, space } = this.#parts;
    while (index.liveBytes + this.#pendingBytes + bytes > journal.maxLiveBytes) {
      if (!index.evict(space)) return false;
    }
    return true;
  }

  async #write(put: Put, blocks: number): Promise<PutOutcome> {
    const { space, file, health, onWritten } = this.#parts;
    const firstBlock = await space.acquire(blocks);
    if (typeof firstBlock === 'string') return firstBlock;
    if (put.superseded) {
      space.giveBack(firstBlock);
      return 'stored';
    }
    const { views, lengthBytes } = put.handle;
    const runs = space.runsOf(firstBlock);
    try {
      await file.write({ views, lengthBytes, runs });
      await this.#commit(put, firstBlock);
    } catch (error) {
      space.giveBack(firstBlock);
      health.failed(error);
      return 'failed';
    }
    health.succeeded();
    onWritten();
    return 'stored';
  }

  /** Makes the chunk exist, unless it is superseded: then its blocks go back to where they came from. */
  #commit(put: Put, firstBlock: number): Promise<void> {
    const { index, space, journal } = this.#parts;
    const old = this.#findReplaced(put);
    if (put.superseded) {
      space.giveBack(firstBlock);
      return Promise.resolve();
    }
    const { handle } = put;
    if (old !== -1) handle.setAttributes({ expiresAtMs: index.resident.expiresAtMs(old) });
    const { key, metadata, lengthBytes, checksum, attributes } = handle;
    const runs = space.runsOf(firstBlock);
    const sequence = index.nextSequence();
    const body = Buffer.alloc(putRecordBytes(key.bytes.length, metadata.length, runs.length));
    encodePut(body, {
      ...attributes,
      form: attributes,
      sequence,
      lastUse: old === -1 ? sequence : index.at(old).lastUse,
      namespace: key.namespace,
      key: key.bytes,
      metadata,
      lengthBytes,
      checksum,
      runs,
    });
    const recorded = new Promise<void>((resolve, reject) => {
      journal.append(body, (error) => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        this.#appear(put, body, { firstBlock, sequence });
        resolve();
      });
    }).finally(() => this.#recording.delete(recorded));
    this.#recording.add(recorded);
    return recorded;
  }

  /** A record is in the journal: its chunk exists, unless it must not appear. */
  #appear(put: Put, body: Buffer, record: RemoveRecord): void {
    const { index, departures } = this.#parts;
    const { key, attributes } = put.handle;
    const old = this.#findReplaced(put);
    if (put.superseded) departures.add(record);
    else if (old === -1) index.insert(key, body, attributes.parent);
    else {
      const expiresAtMs = index.resident.expiresAtMs(old);
      index.setExpiresAtMs(index.replace(old, key, body, attributes.parent), expiresAtMs);
    }
  }

  /** The entry whose place a put takes, or -1 where it takes none. A put whose chunk is gone is superseded. */
  #findReplaced(put: Put): number {
    if (put.replaces === undefined) return -1;
    const { index } = this.#parts;
    const entry = index.resident.find(put.handle.key);
    if (entry !== -1 && index.at(entry).sequence === put.replaces) return entry;
    put.superseded = true;
    return -1;
  }
}
