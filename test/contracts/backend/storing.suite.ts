import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { inWorld, type StorageBackendContract } from './backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';

const A = ChunkKey.of('a');
const B = ChunkKey.of('b');
const C = ChunkKey.of('c');

/** Puts and removals, of a backend that keeps what it is given. */
export function describeStoring(contract: StorageBackendContract): void {
  describe('put', () => {
    it('takes back what it gave', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A, bytes: chunkBytes(9_000) });
        {
          using handle = (await world.backend.get(A)) as ArenaHandle;
          expect(await world.backend.putMany([handle])).toEqual(['stored']);
        }
        expectBytes(await world.read(A), chunkBytes(9_000));
        world.expectUsage({ chunks: 1 });
      }));

    it('takes many, each in order', () =>
      inWorld(contract, async (world) => {
        const handles = [A, B].map((key, i) => world.chunk({ key, bytes: chunkBytes(2_000, i) }));
        expect(await world.backend.putMany(handles)).toEqual(['stored', 'stored']);
        for (const handle of handles) handle[Symbol.dispose]();
        for (const [i, key] of [A, B].entries()) expectBytes(await world.read(key), chunkBytes(2_000, i));
      }));

    it('knows of puts on their way', () =>
      inWorld(contract, async (world) => {
        using handle = world.chunk({ key: A });
        expect(world.backend.isPutPending(A)).toBe(false);
        const outcomes = world.backend.putMany([handle]);
        expect(world.backend.isPutPending(A)).toBe(outcomes instanceof Promise);
        expect(world.backend.isPutPending(B)).toBe(false);
        await outcomes;
        expect(world.backend.isPutPending(A)).toBe(false);
      }));

    it('lets the caller dispose its handle while the put is on its way', () =>
      inWorld(contract, async (world) => {
        const handle = world.chunk({ key: A, bytes: chunkBytes(50_000) });
        const outcomes = world.backend.putMany([handle]);
        handle[Symbol.dispose]();
        expect(await outcomes).toEqual(['stored']);
        expectBytes(await world.read(A), chunkBytes(50_000));
      }));
  });

  describe('remove', () => {
    it('tells whether there was something', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A });
        expect(await world.backend.remove(A)).toBe(true);
        expect(await world.backend.remove(A)).toBe(false);
        expect(await world.read(A)).toBe('miss');
        world.expectUsage({ chunks: 0 });
      }));

    it('removes many, each answer at its place', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A });
        await world.put({ key: B });
        expect(await world.backend.removeMany([A, C, B])).toEqual([true, false, true]);
      }));

    it('leaves a gap in a prefix', () =>
      inWorld(contract, async (world) => {
        const keys = await world.putRun('prefix', 4, 100);
        await world.backend.remove(keys[2]!);
        expect(await world.backend.containsPrefix(keys)).toBe(2);
      }));

    it('leaves readers their bytes', () =>
      inWorld(contract, async (world) => {
        const bytes = chunkBytes(20_000, 5);
        await world.put({ key: A, bytes });
        using handle = (await world.backend.get(A)) as ArenaHandle;
        await world.backend.remove(A);
        await world.putRun('others', 20, 20_000);
        expectBytes(Buffer.concat(handle.views), bytes);
      }));

    it('takes a chunk again that was removed while somebody read it', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A, bytes: chunkBytes(20_000) });
        {
          using handle = (await world.backend.get(A)) as ArenaHandle;
          await world.backend.remove(A);
          expect(await world.backend.putMany([handle])).toEqual(['stored']);
        }
        expectBytes(await world.read(A), chunkBytes(20_000));
      }));
  });
}
