import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { inWorld, type StorageBackendContract } from './backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';

const A = ChunkKey.of('a');
const B = ChunkKey.of('b');

/** A backend that keeps nothing, and only reads what others keep. */
export function describeReadOnly(contract: StorageBackendContract): void {
  describe('of what it is given', () => {
    it('keeps nothing, and says so at once', () =>
      inWorld(contract, async (world) => {
        const handles = [A, B].map((key) => world.chunk({ key, bytes: chunkBytes(5_000) }));
        expect(world.backend.putMany(handles)).toEqual(['rejected', 'rejected']);
        expect(world.backend.isPutPending(A)).toBe(false);
        for (const handle of handles) handle[Symbol.dispose]();
        expect(await world.has(A)).toBe(false);
        world.expectUsage({ usedBytes: 0, chunks: 0 });
      }));

    it('leaves what it reads as it is', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A, bytes: chunkBytes(5_000, 1) });
        using other = world.chunk({ key: A, bytes: chunkBytes(7_000, 2) });
        expect(await world.backend.putMany([other])).toEqual(['rejected']);
        expectBytes(await world.read(A), chunkBytes(5_000, 1));
        expect(await world.backend.expire(A, world.clock.nowMs() + 1)).toBe(false);
        expect(await world.backend.pin(A, 1_000)).toBe(false);
        expect(await world.backend.unpin(A)).toBe(false);
        expect(await world.backend.clear()).toBe(0);
        expectBytes(await world.read(A), chunkBytes(5_000, 1));
      }));

    it('removes nothing elsewhere', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A });
        expect(await world.backend.remove(A)).toBe(false);
        expect(await world.backend.removeMany([A, B])).toEqual([false, false]);
      }));
  });
}
