import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ArenaSpace } from '../../arena/arena-space.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ReadOutcome } from '../storage-backend.interface.js';
import { type BlockSpace } from './block-space.js';
import { type DataFile } from './data-file.js';
import { type DiskIndex } from './disk-index.js';
import { type MediumHealth } from './medium-health.js';
import { ShortReadError } from './read-piece.js';

export interface ChunkReaderParts {
  readonly space: ArenaSpace;
  readonly index: DiskIndex;
  readonly blocks: BlockSpace;
  readonly file: Pick<DataFile, 'read'>;
  readonly health: MediumHealth;
  /** A chunk was there and its bytes were not the ones that were put. */
  readonly onCorrupt: (key: ChunkKey) => void;
}

/** A chunk on its way: where it is read from, and what it must turn out to be. */
interface Reading {
  readonly handle: ArenaHandle;
  readonly firstBlock: number;
  readonly sequence: number;
  readonly checksum: number;
}

/** Room for metadata that every reader of a chunk may expect. */
const MIN_METADATA_BYTES = 64;

/** Brings chunks back into the arena, and verifies every one of them. */
export class ChunkReader {
  readonly #parts: ChunkReaderParts;
  readonly #running = new Set<Promise<ReadOutcome>>();
  /** Chunks whose read failed while others could be read: the next time they are given up. */
  readonly #suspects = new Set<number>();

  constructor(parts: ChunkReaderParts) {
    this.#parts = parts;
  }

  /** @param uses false: the lease goes on, and the chunk counts as used no later than it was. */
  get(key: ChunkKey, uses = true): Awaitable<ReadOutcome> {
    const { index, health, blocks, space } = this.#parts;
    const entry = index.resident.find(key);
    if (entry === -1 || !health.isDue) return 'miss';
    const { lengthBytes, metadata, expiresAtMs, depth, form, firstBlock, sequence, checksum } =
      index.at(entry);
    const metadataCapacityBytes = Math.max(MIN_METADATA_BYTES, metadata.length);
    const handle = space.reserve({ key, lengthBytes, metadataCapacityBytes });
    if (typeof handle === 'string') return handle === 'busy' ? 'busy' : 'miss';
    health.allows();
    handle.setMetadata(metadata);
    handle.setAttributes({ expiresAtMs, depth, ...form });
    if (uses) {
      index.resident.consumeLease(entry);
      index.touch(entry);
    }
    blocks.beginRead(firstBlock);
    const done = this.#read({ handle, firstBlock, sequence, checksum }).finally(() => {
      blocks.endRead(firstBlock);
      this.#running.delete(done);
    });
    this.#running.add(done);
    return done;
  }

  /** Resolves when every read so far has ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #read({ handle, firstBlock, sequence, checksum }: Reading): Promise<ReadOutcome> {
    const { blocks, file, health } = this.#parts;
    const { views, lengthBytes, key } = handle;
    let readChecksum: number;
    try {
      readChecksum = await file.read({ views, lengthBytes, runs: blocks.runsOf(firstBlock) });
    } catch (error) {
      handle[Symbol.dispose]();
      if (error instanceof ShortReadError) return this.#discard(key, sequence);
      return this.#readFailed(error, key, sequence);
    }
    health.succeeded();
    this.#suspects.delete(sequence);
    if (readChecksum === checksum) {
      handle.seal(checksum);
      return handle;
    }
    handle[Symbol.dispose]();
    return this.#discard(key, sequence);
  }

  /** One bad place on a medium that works otherwise must not make it fail again and again. */
  #readFailed(error: unknown, key: ChunkKey, sequence: number): ReadOutcome {
    const { health } = this.#parts;
    const wasHealthy = health.healthy;
    health.failed(error);
    if (!wasHealthy) return 'miss';
    if (this.#suspects.delete(sequence)) return this.#discard(key, sequence);
    this.#suspects.add(sequence);
    return 'miss';
  }

  #discard(key: ChunkKey, sequence: number): ReadOutcome {
    const { index, onCorrupt } = this.#parts;
    const entry = index.resident.find(key);
    if (entry !== -1 && index.at(entry).sequence === sequence) index.resident.remove(entry);
    onCorrupt(key);
    return 'corrupt';
  }
}
