import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ArenaSpaceService } from '../../src/arena/arena-space.js';
import { createArena } from '../../src/arena/create-arena.js';
import { DiskBackend, type DiskBackendOptions } from '../../src/backends/disk/disk.backend.js';
import { type PutOutcome } from '../../src/backends/storage-backend.interface.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ManualClock } from './clock.js';
import { RecordingLogger } from './recording-logger.js';
import { SeededRandom } from './seeded-random.js';

export interface DiskWorldOptions extends Partial<DiskBackendOptions> {
  readonly path: string;
  readonly capacityBytes: number;
  readonly arenaBytes?: number;
  readonly native?: boolean;
}

/** A disk backend with an arena of its own. */
export class DiskWorld {
  readonly arena: Arena;
  readonly space: ArenaSpaceService;
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly backend: DiskBackend;

  constructor({ arenaBytes = 24 * 2 ** 20, native = true, ...options }: DiskWorldOptions) {
    this.arena = createArena({ capacityBytes: arenaBytes, native });
    this.space = new ArenaSpaceService(this.arena);
    const { arena, space, clock, logger } = this;
    this.backend = new DiskBackend({
      name: 'disk',
      policy: lruPolicy,
      arena,
      space,
      clock,
      logger,
      ...options,
    });
  }

  static async open(options: DiskWorldOptions): Promise<DiskWorld> {
    const world = new DiskWorld(options);
    try {
      await world.backend.open();
    } catch (error) {
      world.arena.close();
      throw error;
    }
    return world;
  }

  chunk(key: ChunkKey, bytes: Buffer, metadata?: Uint8Array): ArenaHandle {
    const handle = this.space.reserve({ key, lengthBytes: bytes.length });
    if (typeof handle === 'string') throw new Error(`no room for a test chunk: ${handle}`);
    let at = 0;
    let checksum = 0;
    for (const view of handle.views) {
      at += bytes.copy(view, 0, at);
      checksum = this.arena.crc32c(view, checksum);
    }
    if (metadata !== undefined) handle.setMetadata(metadata);
    handle.seal(checksum);
    return handle;
  }

  async put(key: ChunkKey, bytes: Buffer, metadata?: Uint8Array): Promise<PutOutcome | undefined> {
    using handle = this.chunk(key, bytes, metadata);
    const [outcome] = await this.backend.putMany([handle]);
    return outcome;
  }

  /** The bytes and the metadata of a chunk, or why there are none. */
  async read(key: ChunkKey): Promise<{ bytes: Buffer; metadata: string } | string> {
    const outcome = await this.backend.get(key);
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return { bytes: Buffer.concat(handle.views), metadata: handle.metadata.toString() };
  }

  async scanAll(): Promise<ChunkKey[]> {
    const keys: ChunkKey[] = [];
    let cursor = 0;
    do {
      const page = await this.backend.scan(cursor, 100);
      keys.push(...page.keys);
      cursor = page.cursor;
    } while (cursor !== 0);
    return keys;
  }

  async close(): Promise<void> {
    await this.backend.close();
    this.arena.close();
  }
}

/** What a directory and everything in it take of the disk, and what the files claim to be long, whichever is more. */
export function directoryBytes(path: string): number {
  let taken = statSync(path).blocks * 512;
  let claimed = 0;
  for (const name of readdirSync(path)) {
    const stats = statSync(join(path, name), { throwIfNoEntry: false });
    taken += (stats?.blocks ?? 0) * 512;
    claimed += stats?.size ?? 0;
  }
  return Math.max(taken, claimed);
}

/** A prime, so that a part in the wrong place never looks right. */
const PATTERN_BYTES = 1021;

/** The bytes of a version of a chunk: anybody who knows its metadata can tell whether they are whole. */
export function versionBytes(version: number, lengthBytes: number): Buffer {
  return Buffer.alloc(lengthBytes, new SeededRandom(version).bytes(PATTERN_BYTES));
}
