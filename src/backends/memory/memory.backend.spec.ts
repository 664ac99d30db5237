import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { createArena } from '../../arena/create-arena.js';
import { secondHitAdmission } from '../../modules/tiers/admission/second-hit.admission.js';
import { LruPolicy, lruPolicy } from '../../modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ChunkTraits } from '../eviction-policy.interface.js';
import { inWorld, KIB, MIB } from '../../../test/contracts/backend/backend-world.js';
import { chunkBytes } from '../../../test/contracts/chunks/chunk-bytes.js';
import {
  describeStorageBackendContract,
  type StorageBackendContract,
} from '../../../test/contracts/storage-backend.contract.js';
import { MemoryBackend } from './memory.backend.js';

const memory = (native: boolean, arenaBytes = 24 * MIB): StorageBackendContract => ({
  capabilities: {
    persistent: false,
    shared: false,
    zeroCopy: true,
    scan: true,
    expiry: true,
    metadata: 'any',
    accounted: true,
    encodings: true,
  },
  create: (context) => new MemoryBackend({ ...context, name: 'memory', policy: lruPolicy }),
  createArena: () => createArena({ capacityBytes: arenaBytes, native }),
});

describeStorageBackendContract('memory in a native arena', memory(true));
describeStorageBackendContract('memory in a fallback arena', memory(false));

describe('MemoryBackend', () => {
  it('gives the very bytes that were put', () =>
    inWorld(memory(false), async (world) => {
      const key = ChunkKey.of('a');
      using put = world.chunk({ key, bytes: chunkBytes(5_000) });
      await world.backend.putMany([put]);
      using got = (await world.backend.get(key)) as ArenaHandle;
      expect(got.slot).toBe(put.slot);
      expect(got.extents).toEqual(put.extents);
    }));

  it('answers at once', () =>
    inWorld(memory(false), (world) => {
      const key = ChunkKey.of('a');
      using put = world.chunk({ key });
      expect(world.backend.putMany([put])).toEqual(['stored']);
      expect(world.backend.contains(key)).toBe(true);
      expect(world.backend.containsPrefix([key])).toBe(1);
      expect(world.backend.remove(key)).toBe(true);
      expect(world.backend.clear()).toBe(0);
      return Promise.resolve();
    }));

  it('keeps no references of its own in the count of the arena', () =>
    inWorld(memory(false), async (world) => {
      await world.putRun('chunk', 20, 1_000);
      expect(world.arena.usage().references).toBe(0);
    }));

  it('gives arena bytes back when others need room', () =>
    inWorld(
      memory(false, 8 * MIB),
      async (world) => {
        await world.putRun('chunk', 40, 512 * KIB);
        expect(world.backend.usage().evictions).toBeGreaterThan(20);
        expect(await world.has(ChunkKey.of('chunk-39'))).toBe(true);
      },
      { capacityBytes: 1024 * MIB },
    ));

  it('gives no chunk up for the arena that somebody reads, for it would give nothing back', () =>
    inWorld(
      memory(false, 8 * MIB),
      async (world) => {
        const [first, second] = await world.putRun('chunk', 10, 512 * KIB);
        using reader = (await world.backend.get(first!)) as ArenaHandle;
        await world.putRun('flood', 20, 512 * KIB);
        expect(await world.has(first!)).toBe(true);
        expect(await world.has(second!)).toBe(false);
        expect(reader.lengthBytes).toBe(512 * KIB);
      },
      { capacityBytes: 1024 * MIB },
    ));

  it('gives no leased or pinned chunk up for the arena: the answer is busy', () =>
    inWorld(
      memory(false, 8 * MIB),
      async (world) => {
        const keys = await world.putRun('chunk', 14, 512 * KIB);
        for (const key of keys) await world.backend.pin(key, 60_000);
        const request = { key: ChunkKey.of('more'), lengthBytes: MIB };
        expect(world.context.space.reserve(request)).toBe('busy');
        for (const key of keys.slice(0, 4)) await world.backend.unpin(key);
        using more = world.context.space.reserve(request) as ArenaHandle;
        expect(more.lengthBytes).toBe(MIB);
      },
      { capacityBytes: 1024 * MIB },
    ));

  it('gives nothing back after it is closed', () =>
    inWorld(memory(false), async (world) => {
      await world.putRun('chunk', 4, 1_000);
      await world.backend.close();
      const { dataBytes } = world.arena.usage();
      using all = world.context.space.reserve({
        key: ChunkKey.of('all'),
        lengthBytes: dataBytes - 64 * KIB,
      }) as ArenaHandle;
      expect(all.lengthBytes).toBe(dataBytes - 64 * KIB);
      expect(world.context.space.reserve({ key: ChunkKey.of('more'), lengthBytes: MIB })).toBe('busy');
    }));

  it('clears many chunks without holding everybody up, and counts them all', () =>
    inWorld(memory(false, 64 * MIB), async (world) => {
      const count = 7_000;
      for (let i = 0; i < count; i++)
        await world.put({ key: ChunkKey.of(`chunk-${i}`), bytes: Buffer.alloc(8) });
      const cleared = world.backend.clear();
      let othersRan = false;
      setImmediate(() => (othersRan = true));
      expect(await cleared).toBe(count);
      expect(othersRan).toBe(true);
      expect(world.backend.usage().chunks).toBe(0);
    }));

  it('replaces a chunk in a full tier without giving another up', () =>
    inWorld(memory(false), async (world) => {
      const [oldest] = await world.putRun('chunk', 40, 128 * KIB);
      const { chunks, evictions } = world.backend.usage();
      expect(evictions).toBeGreaterThan(0);
      expect(await world.has(oldest!)).toBe(false);
      await world.put({ key: ChunkKey.of('chunk-30'), bytes: chunkBytes(128 * KIB, 99) });
      expect(world.backend.usage()).toMatchObject({ chunks, evictions });
    }));

  it('stays in its budget when the oldest chunk of a full tier is replaced by a larger one', () =>
    inWorld(memory(false), async (world) => {
      await world.putRun('chunk', 31, 128 * KIB);
      expect(world.backend.usage().evictions).toBe(0);
      await world.put({ key: ChunkKey.of('chunk-0'), bytes: chunkBytes(512 * KIB) });
      expect(world.backend.usage().usedBytes).toBeLessThanOrEqual(world.capacityBytes);
      expect(await world.has(ChunkKey.of('chunk-1'))).toBe(false);
    }));

  it('keeps the pins of a chunk that is put again as it is', () =>
    inWorld(memory(false), async (world) => {
      const [key] = await world.putRun('chunk', 1, 5_000);
      await world.backend.pin(key!, 60_000);
      const { pinnedBytes } = world.backend.usage();
      using handle = (await world.backend.get(key!)) as ArenaHandle;
      await world.backend.putMany([handle]);
      expect(world.backend.usage()).toMatchObject({ pinnedBytes, chunks: 1 });
    }));

  it('takes no chunk that its admission policy refuses, while it is full', () => {
    const create: StorageBackendContract['create'] = (context) =>
      new MemoryBackend({
        ...context,
        name: 'memory',
        policy: lruPolicy,
        admissionPolicy: secondHitAdmission,
      });
    return inWorld({ ...memory(false), create }, async (world) => {
      const [oldest] = await world.putRun('chunk', 31, 128 * KIB);
      expect(await world.has(oldest!)).toBe(true);
      const key = ChunkKey.of('more');
      using put = world.chunk({ key, bytes: chunkBytes(512 * KIB) });
      expect(await world.backend.putMany([put])).toEqual(['rejected']);
      expect(world.backend.usage().evictions).toBe(0);
      expect(await world.backend.putMany([put])).toEqual(['stored']);
      expect([await world.has(oldest!), await world.has(key)]).toEqual([false, true]);
    });
  });

  it('tells its policy how deep in its prefix a chunk is', () => {
    const depths: number[] = [];
    const policy = {
      name: 'noting',
      create: () =>
        Object.assign(new LruPolicy(), {
          onInsert: (_: number, traits: ChunkTraits) => depths.push(traits.depth),
        }),
    };
    const create: StorageBackendContract['create'] = (context) =>
      new MemoryBackend({ ...context, name: 'memory', policy });
    return inWorld({ ...memory(false), create }, async (world) => {
      await world.put({ key: ChunkKey.of('a'), depth: 6 });
      expect(depths).toEqual([6]);
    });
  });
});
