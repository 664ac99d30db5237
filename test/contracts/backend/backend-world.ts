import { expect } from '@jest/globals';
import { type ArenaSpace } from '../../../src/arena/arena-space.interface.js';
import { ArenaSpaceService } from '../../../src/arena/arena-space.js';
import { type Arena, type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { createArena } from '../../../src/arena/create-arena.js';
import {
  type BackendCapabilities,
  type BackendUsage,
  type PutOutcome,
  type StorageBackend,
} from '../../../src/backends/storage-backend.interface.js';
import { type EvictionPolicyFactory } from '../../../src/backends/eviction-policy.interface.js';
import { findEvictionPolicy } from '../../../src/modules/tiers/eviction/eviction-policies.catalog.js';
import { type Awaitable } from '../../../src/common/awaitable.js';
import { type Clock } from '../../../src/common/clock.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { ManualClock } from '../../support/clock.js';
import { chunkBytes, type ChunkSpec, sealedChunk } from '../chunks/chunk-bytes.js';

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** What a backend under test is built from. */
export interface BackendContext {
  readonly arena: Arena;
  readonly space: ArenaSpace;
  readonly clock: Clock;
  readonly capacityBytes: number;
  /** LRU, for a backend that evicts by a policy of the server. */
  readonly policy: EvictionPolicyFactory;
}

export interface StorageBackendContract {
  /** What the backend says of itself, apart from limits: decides which tests run. */
  readonly capabilities: Omit<BackendCapabilities, 'maxChunkBytes'>;
  /** Whether the backend keeps to `capacityBytes` by itself: evicts, leases and pins. Default true. */
  readonly bounded?: boolean;
  /** Makes a backend, not yet open, over an empty medium of its own. */
  create(context: BackendContext): Awaitable<StorageBackend>;
  /**
   * Puts a chunk where the backend reads from, in the place of an older one of its key. Needed by one that stores
   * nothing itself (`stores: false`), in the place of `putMany`.
   */
  seed?(chunk: ArenaHandle, backend: StorageBackend): Awaitable<void>;
  /** Makes another one over the medium of a backend that is closed, as a restart does. Needed when persistent. */
  reopen?(closed: StorageBackend, context: BackendContext): Awaitable<StorageBackend>;
  /** Removes the medium. */
  destroy?(backend: StorageBackend): Awaitable<void>;
  /** Default: an arena of 12 MiB without the native addon. */
  createArena?(): Arena;
}

/** One backend, open, with the arena around it, and short forms of what tests do. */
export class BackendWorld {
  constructor(
    readonly contract: StorageBackendContract,
    readonly arena: Arena,
    readonly clock: ManualClock,
    readonly context: BackendContext,
    public backend: StorageBackend,
  ) {}

  get capacityBytes(): number {
    return this.context.capacityBytes;
  }

  /** A sealed chunk in the arena. */
  chunk(spec: ChunkSpec): ArenaHandle {
    return sealedChunk(this.arena, this.context.space, spec);
  }

  /** Puts a chunk: into the backend, or where it reads from. */
  async put(spec: ChunkSpec): Promise<PutOutcome | undefined> {
    using handle = this.chunk(spec);
    return await this.store(handle);
  }

  async store(handle: ArenaHandle): Promise<PutOutcome | undefined> {
    if (storesChunks(this.contract)) {
      const outcomes = await this.backend.putMany([handle]);
      return outcomes[0];
    }
    if (this.contract.seed === undefined)
      throw new Error('a backend that stores nothing needs `seed` in its contract');
    await this.contract.seed(handle, this.backend);
    return 'stored';
  }

  /** Puts `count` chunks of this size under fresh keys. @returns their keys. */
  async putRun(name: string, count: number, lengthBytes: number): Promise<ChunkKey[]> {
    const keys: ChunkKey[] = [];
    for (let i = 0; i < count; i++) {
      const key = ChunkKey.of(`${name}-${i}`);
      expect(await this.put({ key, bytes: chunkBytes(lengthBytes, i) })).toBe('stored');
      keys.push(key);
    }
    return keys;
  }

  /** The bytes of a chunk, or why there are none. */
  async read(key: ChunkKey): Promise<Buffer | string> {
    const outcome = await this.backend.get(key);
    if (typeof outcome === 'string') return outcome;
    using handle = outcome;
    return Buffer.concat(handle.views);
  }

  async has(key: ChunkKey): Promise<boolean> {
    return this.backend.contains(key);
  }

  /** What the backend must say of its books, if it keeps any. */
  expectUsage(expected: Partial<BackendUsage>): void {
    const { accounted } = this.contract.capabilities;
    expect(this.backend.usage()).toMatchObject(accounted ? expected : { chunks: 0, usedBytes: 0 });
  }

  /** Every key the backend has, by pages. */
  async scanAll(count: number, betweenPages?: () => Promise<void>): Promise<ChunkKey[]> {
    const keys: ChunkKey[] = [];
    let cursor = 0;
    do {
      const page = await this.backend.scan(cursor, count);
      keys.push(...page.keys);
      cursor = page.cursor;
      await betweenPages?.();
    } while (cursor !== 0);
    return keys;
  }

  /** Closes the backend and opens another one over the same medium. */
  async restart(): Promise<void> {
    await this.backend.close();
    const reopened = await this.contract.reopen?.(this.backend, this.context);
    if (reopened === undefined) throw new Error('a persistent backend needs `reopen` in its contract');
    this.backend = reopened;
    await this.backend.open();
  }
}

/** Whether the backend keeps what is put into it. */
export function storesChunks({ capabilities }: StorageBackendContract): boolean {
  return capabilities.stores !== false;
}

export interface WorldOptions {
  readonly capacityBytes?: number;
  /** Default true. */
  readonly open?: boolean;
}

/**
 * Runs a test on a fresh backend. Afterwards the backend is closed, and all of the arena must be free again: no
 * handle was lost on the way.
 */
export async function inWorld(
  contract: StorageBackendContract,
  test: (world: BackendWorld) => Promise<void>,
  options: WorldOptions = {},
): Promise<void> {
  const arena = contract.createArena?.() ?? createArena({ capacityBytes: 12 * MIB, native: false });
  const { freeBytes, freeSlots } = arena.usage();
  const clock = new ManualClock();
  const context = {
    arena,
    space: new ArenaSpaceService(arena),
    clock,
    capacityBytes: options.capacityBytes ?? 4 * MIB,
    policy: findEvictionPolicy('LRU'),
  };
  const world = new BackendWorld(contract, arena, clock, context, await contract.create(context));
  try {
    if (options.open ?? true) await world.backend.open();
    await test(world);
    await world.backend.close();
    expect(arena.usage()).toMatchObject({ references: 0, freeBytes, freeSlots });
  } finally {
    await world.backend.close();
    await contract.destroy?.(world.backend);
    arena.close();
  }
}

/** The error an operation ends with, thrown at once or later. */
export async function errorOf(operation: () => unknown): Promise<unknown> {
  try {
    await operation();
  } catch (error) {
    return error;
  }
  return undefined;
}
