import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { inWorld, KIB, type BackendWorld, type StorageBackendContract } from './backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';

const LEASE = { leaseMs: 1_000 };
const CHUNK_BYTES = 128 * KIB;

/** Puts twice as much as fits, under fresh keys. */
async function flood(world: BackendWorld, name = 'flood'): Promise<void> {
  await world.putRun(name, (2 * world.capacityBytes) / CHUNK_BYTES, CHUNK_BYTES);
}

async function present(world: BackendWorld, keys: readonly ChunkKey[]): Promise<number> {
  let count = 0;
  for (const key of keys) if (await world.has(key)) count++;
  return count;
}

/** Leases and pins, of a backend that evicts. */
export function describeHolds(contract: StorageBackendContract): void {
  describe('leases', () => {
    it('keep what a lookup found while more is put than fits', () =>
      inWorld(contract, async (world) => {
        const kept = await world.putRun('kept', 4, CHUNK_BYTES);
        const others = await world.putRun('others', 4, CHUNK_BYTES);
        expect(await world.backend.containsPrefix(kept, LEASE)).toBe(4);
        await flood(world);
        expect(await present(world, kept)).toBe(4);
        expect(await present(world, others)).toBe(0);
      }));

    it('end with the read', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.contains(key!, LEASE);
        expect(world.backend.usage().leasedBytes).toBeGreaterThanOrEqual(CHUNK_BYTES);
        await world.read(key!);
        expect(world.backend.usage().leasedBytes).toBe(0);
        await flood(world);
        expect(await world.has(key!)).toBe(false);
      }));

    it('end with their time', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.contains(key!, LEASE);
        world.clock.advance(999);
        expect(world.backend.usage().leasedBytes).toBeGreaterThan(0);
        world.clock.advance(1);
        expect(world.backend.usage().leasedBytes).toBe(0);
        await flood(world);
        expect(await world.has(key!)).toBe(false);
      }));

    it('are made longer by the next lookup, and do not count', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.contains(key!, LEASE);
        const { leasedBytes } = world.backend.usage();
        world.clock.advance(600);
        await world.backend.contains(key!, LEASE);
        await world.backend.contains(key!, { leaseMs: 1 });
        world.clock.advance(600);
        expect(world.backend.usage().leasedBytes).toBe(leasedBytes);
        await world.read(key!);
        expect(world.backend.usage().leasedBytes).toBe(0);
      }));

    it('are not taken by a lookup that asks for none', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.contains(key!);
        expect(world.backend.usage().leasedBytes).toBe(0);
      }));

    it('hold at most half of the tier; the rest is found all the same', () =>
      inWorld(contract, async (world) => {
        const count = Math.floor((world.capacityBytes * 0.75) / CHUNK_BYTES);
        const keys = await world.putRun('kept', count, CHUNK_BYTES);
        for (const key of keys) {
          expect(await world.backend.contains(key, LEASE)).toBe(true);
          expect(world.backend.usage().leasedBytes).toBeLessThanOrEqual(world.capacityBytes / 2);
        }
        expect(world.backend.usage().leasedBytes).toBeGreaterThan(world.capacityBytes / 3);
        await flood(world);
        const left = await present(world, keys);
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThan(keys.length);
      }));

    it('stay with the key when the chunk is replaced', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.contains(key!, LEASE);
        await world.put({ key: key!, bytes: chunkBytes(CHUNK_BYTES, 77) });
        await flood(world);
        expectBytes(await world.read(key!), chunkBytes(CHUNK_BYTES, 77));
      }));
  });

  describe('pins', () => {
    it('keep a chunk, read or not, until they are taken away', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        expect(await world.backend.pin(key!, 60_000)).toBe(true);
        await world.read(key!);
        await flood(world, 'first');
        expect(await world.has(key!)).toBe(true);
        expect(await world.backend.unpin(key!)).toBe(true);
        expect(world.backend.usage().pinnedBytes).toBe(0);
        await flood(world, 'second');
        expect(await world.has(key!)).toBe(false);
      }));

    it('count', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.pin(key!, 60_000);
        const { pinnedBytes } = world.backend.usage();
        expect(pinnedBytes).toBeGreaterThanOrEqual(CHUNK_BYTES);
        await world.backend.pin(key!, 60_000);
        expect(world.backend.usage().pinnedBytes).toBe(pinnedBytes);
        expect(await world.backend.unpin(key!)).toBe(true);
        expect(world.backend.usage().pinnedBytes).toBe(pinnedBytes);
        expect(await world.backend.unpin(key!)).toBe(true);
        expect(await world.backend.unpin(key!)).toBe(false);
      }));

    it('end with their time', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.pin(key!, 500);
        world.clock.advance(500);
        expect(world.backend.usage().pinnedBytes).toBe(0);
        expect(await world.backend.unpin(key!)).toBe(false);
        await flood(world);
        expect(await world.has(key!)).toBe(false);
      }));

    it('say whether there is something to pin', () =>
      inWorld(contract, async (world) => {
        const key = ChunkKey.of('nothing');
        expect(await world.backend.pin(key, 1_000)).toBe(false);
        expect(await world.backend.unpin(key)).toBe(false);
      }));

    it('do not keep a chunk from being removed', () =>
      inWorld(contract, async (world) => {
        const [key] = await world.putRun('kept', 1, CHUNK_BYTES);
        await world.backend.pin(key!, 60_000);
        expect(await world.backend.remove(key!)).toBe(true);
        expect(world.backend.usage()).toMatchObject({ pinnedBytes: 0, chunks: 0 });
      }));

    it('make puts busy when all is pinned, and lose nothing', () =>
      inWorld(contract, async (world) => {
        const pinned: ChunkKey[] = [];
        for (let outcome: unknown = 'stored', i = 0; outcome === 'stored'; i++) {
          expect(i).toBeLessThanOrEqual(world.capacityBytes / CHUNK_BYTES);
          const key = ChunkKey.of(`pinned-${i}`);
          outcome = await world.put({ key, bytes: chunkBytes(CHUNK_BYTES, i) });
          if (outcome === 'stored') pinned.push(key);
          else expect(outcome).toBe('busy');
          await world.backend.pin(key, 60_000);
        }
        expect(await present(world, pinned)).toBe(pinned.length);
        expect(pinned.length).toBeGreaterThan(world.capacityBytes / CHUNK_BYTES / 2);
        expect(world.backend.usage().usedBytes).toBeLessThanOrEqual(world.capacityBytes);
      }));
  });
}
