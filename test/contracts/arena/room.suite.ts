import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { type AllocationRequest, type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { type ArenaWorld, withCode } from './arena-world.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const PAGE = 4096;

/** What is in an arena, and what becomes of requests for more. */
export function describeRoom(world: ArenaWorld): void {
  describe('usage', () => {
    it('counts the tables into the capacity', () => {
      const usage = world.arena.usage();
      expect(usage.capacityBytes).toBe(world.capacityBytes);
      expect(world.arena.capacityBytes).toBe(world.capacityBytes);
      expect(usage.dataBytes).toBeLessThan(world.capacityBytes);
      expect(usage.dataBytes).toBeGreaterThan(world.capacityBytes * 0.95);
      expect(usage.freeBytes).toBe(usage.dataBytes);
      expect(usage).toMatchObject({
        slots: world.arena.slotCount,
        freeSlots: world.arena.slotCount,
        references: 0,
      });
    });

    it('is as before when everything was given back', () => {
      const before = world.arena.usage();
      const handles = [0, 1, 64, 5000, 40 * KIB, 40 * KIB + 1, MIB, 3 * MIB + 17].map((lengthBytes, i) =>
        world.allocate({ lengthBytes }, `key ${i}`),
      );
      expect(world.arena.usage().references).toBe(handles.length);
      for (const handle of handles) handle[Symbol.dispose]();
      expect(world.arena.usage()).toEqual(before);
    });

    it('takes exactly 512 pages for 2 MiB, beside the key', () => {
      using first = world.allocate({ lengthBytes: 1 });
      const before = world.arena.usage().freeBytes;
      using second = world.allocate({ lengthBytes: 2 * MIB, metadataCapacityBytes: 64 }, 'KEY');
      expect(before - world.arena.usage().freeBytes).toBe(512 * PAGE);
      expect(world.arena.footprintBytes(second.slot) - 2 * MIB).toBeLessThanOrEqual(128);
      expect(first.disposed).toBe(false);
    });

    it('loses at most 10 % by rounding from 64 KiB on', () => {
      for (
        let lengthBytes = 64 * KIB;
        lengthBytes < 8 * MIB;
        lengthBytes = Math.ceil(lengthBytes * 1.037) + 1
      ) {
        using handle = world.allocate({ lengthBytes });
        expect(world.arena.footprintBytes(handle.slot) - 128).toBeLessThanOrEqual(lengthBytes * 1.1);
      }
    });

    it('lets small values share pages', () => {
      const handles = Array.from({ length: 1000 }, (_, i) =>
        world.allocate({ lengthBytes: 300 }, `key ${i}`),
      );
      const { dataBytes, freeBytes } = world.arena.usage();
      expect(dataBytes - freeBytes).toBeLessThan(1000 * (320 + 128) * 1.1);
      handles.forEach((handle, i) => handle.views[0]!.writeUInt32LE(i, 296));
      handles.forEach((handle, i) => {
        expect(handle.views[0]!.readUInt32LE(296)).toBe(i);
        expect(handle.key.toString()).toBe(`key ${i}`);
        handle[Symbol.dispose]();
      });
      expect(world.arena.usage().freeBytes).toBe(dataBytes);
    });
  });

  describe('when it is short', () => {
    it('says so and stays whole', () => {
      using first = world.allocate({ lengthBytes: 10 * MIB });
      const before = world.arena.usage();
      expect(world.arena.allocate({ key: ChunkKey.of('big'), lengthBytes: 8 * MIB })).toBeUndefined();
      expect(world.arena.usage()).toEqual(before);
      expect(first.state).toBe('reserved');
    });

    it('takes nothing when the bytes fit and the key does not', () => {
      using first = world.allocate({ lengthBytes: MIB });
      const before = world.arena.usage();
      const request = { lengthBytes: before.freeBytes, metadataCapacityBytes: 1024 };
      expect(world.arena.allocate({ key: ChunkKey.of('x'), ...request })).toBeUndefined();
      expect(world.arena.usage()).toEqual(before);
      expect(first.state).toBe('reserved');
    });

    it('splits a chunk over the free runs unless one extent is demanded', () => {
      const parts = Array.from({ length: 15 }, (_, i) => world.allocate({ lengthBytes: MIB }, `key ${i}`));
      parts.forEach((handle, i) => (i % 2 === 0 ? handle[Symbol.dispose]() : world.fill(handle, i)));
      expect(
        world.arena.allocate({ key: ChunkKey.of('one'), lengthBytes: 5 * MIB, contiguous: true }),
      ).toBeUndefined();
      expect(
        world.arena.allocate({ key: ChunkKey.of('two'), lengthBytes: 5 * MIB, maxExtents: 2 }),
      ).toBeUndefined();
      using split = world.allocate({ lengthBytes: 5 * MIB });
      expect(split.extents.length).toBeGreaterThan(1);
      world.fill(split, 99);
      parts.forEach((handle, i) => i % 2 === 1 && expect(world.isFilledWith(handle, i)).toBe(true));
      expect(world.isFilledWith(split, 99)).toBe(true);
      parts.forEach((handle, i) => i % 2 === 1 && handle[Symbol.dispose]());
    });

    it('runs out of records no sooner than it must', () => {
      const handles: ArenaHandle[] = [];
      for (
        let handle;
        (handle = world.arena.allocate({ key: ChunkKey.of('x'), lengthBytes: 0 })) !== undefined;
      ) {
        handles.push(handle);
      }
      expect(handles).toHaveLength(world.arena.slotCount);
      expect(world.arena.usage().freeSlots).toBe(0);
      for (const handle of handles) handle[Symbol.dispose]();
      expect(world.arena.usage().freeSlots).toBe(world.arena.slotCount);
    });

    it('refuses for good what could never fit', () => {
      const { dataBytes } = world.arena.usage();
      const key = ChunkKey.of('x');
      const longKey = new ChunkKey(Buffer.alloc(4096, 'k'));
      for (const [request, isTooLarge] of [
        [{ key, lengthBytes: 8 * MIB }, false],
        [{ key, lengthBytes: dataBytes - PAGE }, false],
        [{ key, lengthBytes: dataBytes }, true],
        [{ key, lengthBytes: world.capacityBytes }, true],
        [{ key: longKey, lengthBytes: dataBytes - PAGE }, true],
        [{ key: longKey, lengthBytes: dataBytes - 2 * PAGE }, false],
      ] as const) {
        expect(world.arena.isTooLarge(request)).toBe(isTooLarge);
        if (isTooLarge) expect(() => world.arena.allocate(request)).toThrow(withCode('KV_ARENA_TOO_LARGE'));
        else world.arena.allocate(request)?.[Symbol.dispose]();
      }
      expect(world.arena.usage().freeBytes).toBe(dataBytes);
    });

    it.each<[string, Partial<AllocationRequest>]>([
      ['a negative length', { lengthBytes: -1 }],
      ['a broken length', { lengthBytes: 1.5 }],
      ['no length', { lengthBytes: Number.NaN }],
      ['too much metadata', { metadataCapacityBytes: 1025 }],
      ['a key beyond 4 KiB', { key: new ChunkKey(Buffer.alloc(4097)) }],
    ])('refuses %s', (_, request) => {
      expect(() => world.allocate({ lengthBytes: 1, ...request })).toThrow(withCode('KV_ARENA_REQUEST'));
      expect(world.arena.usage().freeSlots).toBe(world.arena.slotCount);
    });

    it('takes keys and metadata of any allowed length', () => {
      const key = new ChunkKey(Buffer.alloc(4096, 'k'));
      using handle = world.allocate({ key, lengthBytes: 1, metadataCapacityBytes: 1024 });
      handle.setMetadata(Buffer.alloc(1024, 'm'));
      expect(world.arena.matches(handle.slot, key)).toBe(true);
      expect(handle.metadata.equals(Buffer.alloc(1024, 'm'))).toBe(true);
    });
  });
}
