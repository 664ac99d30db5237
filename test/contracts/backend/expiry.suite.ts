import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { inWorld, type StorageBackendContract } from './backend-world.js';

const A = ChunkKey.of('a');
const B = ChunkKey.of('b');

export function describeExpiry(contract: StorageBackendContract): void {
  if (!contract.capabilities.expiry) {
    it('does not expire', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A, expiresAtMs: world.clock.nowMs() + 10 });
        await world.backend.expire(A, world.clock.nowMs() + 10);
        world.clock.advance(1_000);
        expect(await world.has(A)).toBe(true);
      }));
    return;
  }

  describe('expiry', () => {
    it('is honoured as given with the chunk', () =>
      inWorld(contract, async (world) => {
        const expiresAtMs = world.clock.nowMs() + 1_000;
        await world.put({ key: A, expiresAtMs });
        await world.put({ key: B });
        expect(await world.backend.expiresAtMs(A)).toBe(expiresAtMs);
        expect(await world.backend.expiresAtMs(B)).toBe(0);
        world.clock.advance(999);
        expect(await world.has(A)).toBe(true);
        world.clock.advance(1);
        expect(await world.has(A)).toBe(false);
        expect(await world.read(A)).toBe('miss');
        expect(await world.backend.expiresAtMs(A)).toBeUndefined();
        expect(await world.backend.remove(A)).toBe(false);
        expect(await world.has(B)).toBe(true);
      }));

    it('is set, moved and taken away later', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A });
        await world.put({ key: B });
        expect(await world.backend.expire(A, world.clock.nowMs() + 100)).toBe(true);
        expect(await world.backend.expire(B, world.clock.nowMs() + 100)).toBe(true);
        expect(await world.backend.expire(B, 0)).toBe(true);
        world.clock.advance(100);
        expect(await world.has(A)).toBe(false);
        expect(await world.has(B)).toBe(true);
        expect(await world.backend.expire(A, world.clock.nowMs() + 100)).toBe(false);
      }));

    it('travels with the chunk when it was set later', () =>
      inWorld(contract, async (world) => {
        const expiresAtMs = world.clock.nowMs() + 100;
        await world.put({ key: A });
        await world.backend.expire(A, expiresAtMs);
        {
          using handle = (await world.backend.get(A)) as ArenaHandle;
          expect(handle.attributes.expiresAtMs).toBe(expiresAtMs);
          expect(await world.backend.putMany([handle])).toEqual(['stored']);
        }
        expect(await world.backend.expiresAtMs(A)).toBe(expiresAtMs);
      }));

    it('goes before leases and pins', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A, expiresAtMs: world.clock.nowMs() + 10 });
        await world.backend.contains(A, { leaseMs: 60_000 });
        await world.backend.pin(A, 60_000);
        world.clock.advance(10);
        expect(await world.read(A)).toBe('miss');
        world.expectUsage({ chunks: 0, leasedBytes: 0, pinnedBytes: 0 });
      }));

    it('starts anew with a put', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A, expiresAtMs: world.clock.nowMs() + 10 });
        await world.put({ key: A });
        world.clock.advance(10);
        expect(await world.has(A)).toBe(true);
      }));
  });
}
