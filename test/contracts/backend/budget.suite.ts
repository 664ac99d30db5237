import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { SeededRandom } from '../../support/seeded-random.js';
import { inWorld, KIB, MIB, type BackendWorld, type StorageBackendContract } from './backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';

function expectWithinBudget(world: BackendWorld): void {
  expect(world.backend.usage().usedBytes).toBeLessThanOrEqual(world.capacityBytes);
}

/** The byte budget, of a backend that evicts. */
export function describeBudget(contract: StorageBackendContract): void {
  describe('budget', () => {
    it('is never exceeded when ten times as much is put, and no put fails', () =>
      inWorld(contract, async (world) => {
        const random = new SeededRandom(5);
        let last = ChunkKey.of('none');
        for (let bytes = 0, i = 0; bytes < 10 * world.capacityBytes; i++) {
          const lengthBytes = random.below(i % 3 === 0 ? MIB : 64 * KIB);
          bytes += lengthBytes;
          last = ChunkKey.of(`chunk-${i}`);
          using handle = world.chunk({ key: last, bytes: chunkBytes(lengthBytes, i) });
          const outcomes = world.backend.putMany([handle]);
          expectWithinBudget(world);
          expect(await outcomes).toEqual(['stored']);
          expectWithinBudget(world);
        }
        const usage = world.backend.usage();
        expect(usage.evictions).toBeGreaterThan(0);
        expect(usage.usedBytes).toBeGreaterThan(world.capacityBytes / 2);
        expect(await world.has(last)).toBe(true);
      }));

    it('is never exceeded by puts at the same time', () =>
      inWorld(contract, async (world) => {
        for (let round = 0; round < 8; round++) {
          const puts = Array.from({ length: 8 }, async (_, i) => {
            const outcome = await world.put({
              key: ChunkKey.of(`chunk-${round}-${i}`),
              bytes: chunkBytes(200 * KIB, i),
            });
            expectWithinBudget(world);
            expect(['stored', 'busy']).toContain(outcome);
          });
          expectWithinBudget(world);
          await Promise.all(puts);
        }
      }));

    it('goes by what was read last', () =>
      inWorld(contract, async (world) => {
        const keys = await world.putRun('early', 4, 128 * KIB);
        for (let i = 0; i < (2 * world.capacityBytes) / (128 * KIB); i++) {
          await world.putRun(`later-${i}`, 1, 128 * KIB);
          await world.read(keys[0]!);
        }
        expect(await world.has(keys[0]!)).toBe(true);
        expect(await world.has(keys[1]!)).toBe(false);
      }));

    it('rejects what could never fit, and leaves no older chunk under its key', () =>
      inWorld(contract, async (world) => {
        const key = ChunkKey.of('grows');
        const [other] = await world.putRun('other', 1, 1_000);
        await world.put({ key, bytes: chunkBytes(1_000) });
        expect(world.backend.capabilities.maxChunkBytes).toBeLessThanOrEqual(world.capacityBytes);
        expect(await world.put({ key, bytes: chunkBytes(world.capacityBytes + 1) })).toBe('rejected');
        expect(await world.read(key)).toBe('miss');
        expect(await world.has(other!)).toBe(true);
      }));

    it('leaves no older chunk under the key of one that was busy', () =>
      inWorld(contract, async (world) => {
        const key = ChunkKey.of('grows');
        await world.put({ key, bytes: chunkBytes(1_000) });
        const pinned = await world.putRun('pinned', 5, 500 * KIB);
        for (const each of pinned) await world.backend.pin(each, 60_000);
        expect(await world.put({ key, bytes: chunkBytes(2 * MIB) })).toBe('busy');
        expect(await world.read(key)).toBe('miss');
        expect(world.backend.usage().chunks).toBe(pinned.length);
      }));

    it('replaces a chunk that fills most of the tier', () =>
      inWorld(contract, async (world) => {
        const key = ChunkKey.of('large');
        const lengthBytes = Math.floor(world.capacityBytes * 0.4);
        for (let i = 0; i < 4; i++) {
          expect(await world.put({ key, bytes: chunkBytes(lengthBytes, i) })).toBe('stored');
          expectWithinBudget(world);
        }
        expectBytes(await world.read(key), chunkBytes(lengthBytes, 3));
      }));

    it('leaves readers the bytes of what is evicted', () =>
      inWorld(contract, async (world) => {
        const bytes = chunkBytes(300 * KIB, 9);
        const key = ChunkKey.of('read');
        await world.put({ key, bytes });
        using handle = (await world.backend.get(key)) as ArenaHandle;
        await world.putRun('flood', (2 * world.capacityBytes) / (128 * KIB), 128 * KIB);
        expectBytes(Buffer.concat(handle.views), bytes);
      }));

    it('is empty again when everything is removed', () =>
      inWorld(contract, async (world) => {
        const keys = await world.putRun('chunk', 10, 30_000);
        for (const key of keys) await world.backend.remove(key);
        expect(world.backend.usage()).toMatchObject({ usedBytes: 0, chunks: 0, healthy: true });
      }));
  });
}
