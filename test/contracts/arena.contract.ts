import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AllocationRequest, type Arena, type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { batchOf } from './chunks/batch-of.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const PAGE = 4096;

const withCode = (code: string): unknown => expect.objectContaining({ code });

/** What every arena must do. `create` makes one of this capacity; the suite closes it. */
export function describeArenaContract(name: string, create: (capacityBytes: number) => Arena): void {
  describe(`arena contract: ${name}`, () => {
    const capacityBytes = 16 * MIB;
    let arena: Arena;

    beforeEach(() => {
      arena = create(capacityBytes);
    });
    afterEach(() => arena.close());

    const allocate = (
      request: Partial<AllocationRequest> & { lengthBytes: number },
      key = 'key',
    ): ArenaHandle => {
      const handle = arena.allocate({ key: ChunkKey.of(key), ...request });
      if (handle === undefined) throw new Error(`no room for ${request.lengthBytes} bytes`);
      return handle;
    };
    const fill = (handle: ArenaHandle, byte: number): void => handle.views.forEach((view) => view.fill(byte));
    const isFilledWith = (handle: ArenaHandle, byte: number): boolean =>
      handle.views.every((view) => view.equals(Buffer.alloc(view.length, byte)));

    describe('usage', () => {
      it('counts the tables into the capacity', () => {
        const usage = arena.usage();
        expect(usage.capacityBytes).toBe(capacityBytes);
        expect(arena.capacityBytes).toBe(capacityBytes);
        expect(usage.dataBytes).toBeLessThan(capacityBytes);
        expect(usage.dataBytes).toBeGreaterThan(capacityBytes * 0.95);
        expect(usage.freeBytes).toBe(usage.dataBytes);
        expect(usage).toMatchObject({ slots: arena.slotCount, freeSlots: arena.slotCount, references: 0 });
      });

      it('is as before when everything was given back', () => {
        const before = arena.usage();
        const handles = [0, 1, 64, 5000, 40 * KIB, 40 * KIB + 1, MIB, 3 * MIB + 17].map((lengthBytes, i) =>
          allocate({ lengthBytes }, `key ${i}`),
        );
        expect(arena.usage().references).toBe(handles.length);
        for (const handle of handles) handle[Symbol.dispose]();
        expect(arena.usage()).toEqual(before);
      });

      it('takes exactly 512 pages for 2 MiB, beside the key', () => {
        using first = allocate({ lengthBytes: 1 });
        const before = arena.usage().freeBytes;
        using second = allocate({ lengthBytes: 2 * MIB, metadataCapacityBytes: 64 }, 'KEY');
        expect(before - arena.usage().freeBytes).toBe(512 * PAGE);
        expect(arena.footprintBytes(second.slot) - 2 * MIB).toBeLessThanOrEqual(128);
        expect(first.disposed).toBe(false);
      });

      it('loses at most 10 % by rounding from 64 KiB on', () => {
        for (
          let lengthBytes = 64 * KIB;
          lengthBytes < 8 * MIB;
          lengthBytes = Math.ceil(lengthBytes * 1.037) + 1
        ) {
          using handle = allocate({ lengthBytes });
          expect(arena.footprintBytes(handle.slot) - 128).toBeLessThanOrEqual(lengthBytes * 1.1);
        }
      });

      it('lets small values share pages', () => {
        const handles = Array.from({ length: 1000 }, (_, i) => allocate({ lengthBytes: 300 }, `key ${i}`));
        const { dataBytes, freeBytes } = arena.usage();
        expect(dataBytes - freeBytes).toBeLessThan(1000 * (320 + 128) * 1.1);
        handles.forEach((handle, i) => handle.views[0]!.writeUInt32LE(i, 296));
        handles.forEach((handle, i) => {
          expect(handle.views[0]!.readUInt32LE(296)).toBe(i);
          expect(handle.key.toString()).toBe(`key ${i}`);
          handle[Symbol.dispose]();
        });
        expect(arena.usage().freeBytes).toBe(dataBytes);
      });
    });

    describe('a handle', () => {
      it('has what it was given', () => {
        using handle = allocate({ lengthBytes: 100_000, metadataCapacityBytes: 16 });
        expect(handle).toMatchObject({ state: 'reserved', lengthBytes: 100_000, disposed: false });
        expect(handle.attributes).toMatchObject({ expiresAtMs: 0, depth: -1, encoded: false, loss: 'none' });
        expect(handle.metadata).toHaveLength(0);
        handle.setMetadata(Buffer.from('meta'));
        const { d0, d1, d2, d3 } = ChunkKey.of('in front');
        const parent = { d0, d1, d2, d3 };
        handle.setAttributes({ expiresAtMs: 1_900_000_000_123, depth: 7, parent });
        fill(handle, 0xa5);
        handle.seal(0xdeadbeef);

        using again = arena.acquire(handle.slot);
        expect(again).toMatchObject({ state: 'sealed', checksum: 0xdeadbeef, generation: handle.generation });
        expect(again.attributes).toMatchObject({ expiresAtMs: 1_900_000_000_123, depth: 7, parent });
        expect(again.metadata.toString()).toBe('meta');
        expect(again.key.equals(ChunkKey.of('key'))).toBe(true);
        expect(isFilledWith(again, 0xa5)).toBe(true);
      });

      it('keeps one attribute when the other is set', () => {
        using handle = allocate({ lengthBytes: 1 });
        handle.setAttributes({ depth: 3, encoded: true });
        handle.setAttributes({ expiresAtMs: 5, loss: 'fp8' });
        expect(handle.attributes).toMatchObject({ expiresAtMs: 5, depth: 3, encoded: true, loss: 'fp8' });
      });

      it('has views over its extents, aligned to pages', () => {
        using handle = allocate({ lengthBytes: 3 * MIB + 5 });
        expect(handle.extents.reduce((sum, { length }) => sum + length, 0)).toBe(3 * MIB + 5);
        expect(handle.views.map((view) => view.length)).toEqual(handle.extents.map(({ length }) => length));
        for (const { offset } of handle.extents) expect(offset % PAGE).toBe(0);
      });

      it('may be empty', () => {
        using handle = allocate({ lengthBytes: 0 });
        expect(handle).toMatchObject({ lengthBytes: 0, extents: [], views: [] });
        handle.seal(0);
      });

      it('takes no metadata beyond its room', () => {
        using handle = allocate({ lengthBytes: 1, metadataCapacityBytes: 3 });
        expect(() => handle.setMetadata(Buffer.from('four'))).toThrow(
          withCode('KV_ARENA_METADATA_TOO_LARGE'),
        );
        handle.setMetadata(Buffer.from('two'));
        expect(handle.metadata.toString()).toBe('two');
      });

      it('takes nothing more once sealed', () => {
        using handle = allocate({ lengthBytes: 1 });
        handle.seal(1);
        expect(() => handle.seal(2)).toThrow(withCode('KV_ARENA_NOT_RESERVED'));
        expect(() => handle.setMetadata(Buffer.from('x'))).toThrow(withCode('KV_ARENA_NOT_RESERVED'));
        expect(handle.checksum).toBe(1);
      });

      it('keeps its key when the chunk is gone', () => {
        const handle = allocate({ lengthBytes: 1 });
        const again = arena.acquire(handle.slot);
        const { key } = again;
        again[Symbol.dispose]();
        handle[Symbol.dispose]();
        using other = allocate({ lengthBytes: 1 }, 'another');
        expect(key.toString()).toBe('key');
        expect(other.key.toString()).toBe('another');
      });
    });

    describe('references', () => {
      it('free the chunk with the last one', () => {
        const handle = allocate({ lengthBytes: MIB });
        const second = handle.retain();
        const { slot } = handle;
        expect(arena.referenceCount(slot)).toBe(2);
        handle[Symbol.dispose]();
        expect(arena.referenceCount(slot)).toBe(1);
        expect(second.views[0]).toHaveLength(MIB);
        second[Symbol.dispose]();
        expect(arena.referenceCount(slot)).toBe(0);
        expect(arena.usage().freeBytes).toBe(arena.usage().dataBytes);
      });

      it('are given back once each', () => {
        const handle = allocate({ lengthBytes: MIB });
        using second = handle.retain();
        handle[Symbol.dispose]();
        expect(() => handle[Symbol.dispose]()).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
        expect(arena.referenceCount(second.slot)).toBe(1);
      });

      it.each<[string, (handle: ArenaHandle) => unknown]>([
        ['state', (handle) => handle.state],
        ['key', (handle) => handle.key],
        ['lengthBytes', (handle) => handle.lengthBytes],
        ['extents', (handle) => handle.extents],
        ['views', (handle) => handle.views],
        ['checksum', (handle) => handle.checksum],
        ['metadata', (handle) => handle.metadata],
        ['attributes', (handle) => handle.attributes],
        ['retain', (handle) => handle.retain()],
        ['setMetadata', (handle) => handle.setMetadata(Buffer.alloc(1))],
        ['setAttributes', (handle) => handle.setAttributes({ depth: 1 })],
        ['seal', (handle) => handle.seal(0)],
      ])('are of no use afterwards: %s', (_, use) => {
        const handle = allocate({ lengthBytes: MIB });
        const { slot, generation } = handle;
        expect(handle.views).toHaveLength(1);
        handle[Symbol.dispose]();
        expect(handle).toMatchObject({ disposed: true, slot, generation });
        expect(() => use(handle)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
        using next = allocate({ lengthBytes: MIB });
        expect(next.slot).toBe(slot);
        expect(next.generation).not.toBe(generation);
        expect(() => use(handle)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
      });

      it('cannot be had to a free slot', () => {
        expect(() => arena.acquire(0)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
        expect(() => arena.keep(0)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
        expect(() => arena.acquire(-1)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
        expect(() => arena.acquire(arena.slotCount)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
        expect(arena.referenceCount(arena.slotCount)).toBe(0);
        expect(arena.footprintBytes(0)).toBe(0);
      });

      it('can be kept without an object', () => {
        const handle = allocate({ lengthBytes: MIB });
        const { slot } = handle;
        handle.seal(9);
        arena.keep(slot);
        handle[Symbol.dispose]();
        expect(arena.referenceCount(slot)).toBe(1);
        expect(arena.usage().references).toBe(0);
        using reader = arena.acquire(slot);
        expect(reader.checksum).toBe(9);
        arena.unkeep(slot);
        expect(reader.state).toBe('condemned');
        expect(() => arena.unkeep(slot)).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
        expect(reader.views[0]).toHaveLength(MIB);
        arena.keep(slot);
        expect(reader.state).toBe('sealed');
        arena.unkeep(slot);
      });

      it('end with the last kept one', () => {
        const handle = allocate({ lengthBytes: MIB });
        const { slot } = handle;
        handle.seal(9);
        arena.keep(slot);
        arena.keep(slot);
        handle[Symbol.dispose]();
        arena.unkeep(slot);
        expect(arena.referenceCount(slot)).toBe(1);
        arena.unkeep(slot);
        expect(arena.usage().freeBytes).toBe(arena.usage().dataBytes);
        expect(() => arena.unkeep(slot)).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
      });
    });

    describe('matches', () => {
      it('compares namespace and every byte of the key', () => {
        const text = 'a key that is longer than a few words, as those of LMCache are@1@0@deadbeef@bfloat16';
        using handle = allocate({ lengthBytes: 1, key: ChunkKey.of(text, 3) });
        expect(arena.matches(handle.slot, ChunkKey.of(text, 3))).toBe(true);
        expect(arena.matches(handle.slot, ChunkKey.of(text, 0))).toBe(false);
        expect(arena.matches(handle.slot, ChunkKey.of(`${text} `, 3))).toBe(false);
        const { d0, d1, d2, d3 } = ChunkKey.of(text, 3);
        for (const other of [
          ChunkKey.of(text.replace('few', 'fed'), 3),
          ChunkKey.of(`${text} and more`, 3),
          ChunkKey.of(text, 4),
        ]) {
          Object.assign(other, { d0, d1, d2, d3 });
          expect(arena.matches(handle.slot, other)).toBe(false);
        }
      });

      it('compares the same for a batch', () => {
        const text =
          'a key of no whole number of words, longer than a line of the cache of most processors@x';
        using handle = allocate({ lengthBytes: 1, key: ChunkKey.of(text, 3) });
        using other = allocate({ lengthBytes: 1, key: ChunkKey.of('other', 3) });
        const gone = allocate({ lengthBytes: 1, key: ChunkKey.of('other', 3) });
        gone[Symbol.dispose]();
        const match = (given: readonly (readonly [number, string])[], namespace = 3): readonly number[] => {
          const slots = Int32Array.from(given, ([slot]) => slot);
          arena.matchBatch(slots, batchOf(given.map(([, key]) => ChunkKey.of(key, namespace))));
          return [...slots];
        };
        const { slot } = handle;
        const six = [text, text, text.replace(/.$/, 'y'), 'other', text, 'other'];
        const pairs = [slot, -1, slot, other.slot, other.slot, gone.slot].map(
          (s, i) => [s, six[i]!] as const,
        );
        expect(match(pairs)).toEqual([slot, -1, -2, other.slot, -2, -2]);
        expect(match([[slot, text]], 4)).toEqual([-2]);
        expect(match(Array.from({ length: 500 }, () => pairs[0]!))).toEqual(Array(500).fill(slot));
      });

      it('knows no freed chunk', () => {
        const handle = allocate({ lengthBytes: 1 });
        handle[Symbol.dispose]();
        expect(arena.matches(handle.slot, ChunkKey.of('key'))).toBe(false);
        expect(arena.matches(-1, ChunkKey.of('key'))).toBe(false);
      });
    });

    describe('when it is short', () => {
      it('says so and stays whole', () => {
        using first = allocate({ lengthBytes: 10 * MIB });
        const before = arena.usage();
        expect(arena.allocate({ key: ChunkKey.of('big'), lengthBytes: 8 * MIB })).toBeUndefined();
        expect(arena.usage()).toEqual(before);
        expect(first.state).toBe('reserved');
      });

      it('takes nothing when the bytes fit and the key does not', () => {
        using first = allocate({ lengthBytes: MIB });
        const before = arena.usage();
        const request = { lengthBytes: before.freeBytes, metadataCapacityBytes: 1024 };
        expect(arena.allocate({ key: ChunkKey.of('x'), ...request })).toBeUndefined();
        expect(arena.usage()).toEqual(before);
        expect(first.state).toBe('reserved');
      });

      it('splits a chunk over the free runs unless one extent is demanded', () => {
        const parts = Array.from({ length: 15 }, (_, i) => allocate({ lengthBytes: MIB }, `key ${i}`));
        parts.forEach((handle, i) => (i % 2 === 0 ? handle[Symbol.dispose]() : fill(handle, i)));
        expect(
          arena.allocate({ key: ChunkKey.of('one'), lengthBytes: 5 * MIB, contiguous: true }),
        ).toBeUndefined();
        expect(
          arena.allocate({ key: ChunkKey.of('two'), lengthBytes: 5 * MIB, maxExtents: 2 }),
        ).toBeUndefined();
        using split = allocate({ lengthBytes: 5 * MIB });
        expect(split.extents.length).toBeGreaterThan(1);
        fill(split, 99);
        parts.forEach((handle, i) => i % 2 === 1 && expect(isFilledWith(handle, i)).toBe(true));
        expect(isFilledWith(split, 99)).toBe(true);
        parts.forEach((handle, i) => i % 2 === 1 && handle[Symbol.dispose]());
      });

      it('runs out of records no sooner than it must', () => {
        const handles: ArenaHandle[] = [];
        for (
          let handle;
          (handle = arena.allocate({ key: ChunkKey.of('x'), lengthBytes: 0 })) !== undefined;
        ) {
          handles.push(handle);
        }
        expect(handles).toHaveLength(arena.slotCount);
        expect(arena.usage().freeSlots).toBe(0);
        for (const handle of handles) handle[Symbol.dispose]();
        expect(arena.usage().freeSlots).toBe(arena.slotCount);
      });

      it('refuses for good what could never fit', () => {
        const { dataBytes } = arena.usage();
        const key = ChunkKey.of('x');
        const longKey = new ChunkKey(Buffer.alloc(4096, 'k'));
        for (const [request, isTooLarge] of [
          [{ key, lengthBytes: 8 * MIB }, false],
          [{ key, lengthBytes: dataBytes - PAGE }, false],
          [{ key, lengthBytes: dataBytes }, true],
          [{ key, lengthBytes: capacityBytes }, true],
          [{ key: longKey, lengthBytes: dataBytes - PAGE }, true],
          [{ key: longKey, lengthBytes: dataBytes - 2 * PAGE }, false],
        ] as const) {
          expect(arena.isTooLarge(request)).toBe(isTooLarge);
          if (isTooLarge) expect(() => arena.allocate(request)).toThrow(withCode('KV_ARENA_TOO_LARGE'));
          else arena.allocate(request)?.[Symbol.dispose]();
        }
        expect(arena.usage().freeBytes).toBe(dataBytes);
      });

      it.each<[string, Partial<AllocationRequest>]>([
        ['a negative length', { lengthBytes: -1 }],
        ['a broken length', { lengthBytes: 1.5 }],
        ['no length', { lengthBytes: Number.NaN }],
        ['too much metadata', { metadataCapacityBytes: 1025 }],
        ['a key beyond 4 KiB', { key: new ChunkKey(Buffer.alloc(4097)) }],
      ])('refuses %s', (_, request) => {
        expect(() => allocate({ lengthBytes: 1, ...request })).toThrow(withCode('KV_ARENA_REQUEST'));
        expect(arena.usage().freeSlots).toBe(arena.slotCount);
      });

      it('takes keys and metadata of any allowed length', () => {
        const key = new ChunkKey(Buffer.alloc(4096, 'k'));
        using handle = allocate({ key, lengthBytes: 1, metadataCapacityBytes: 1024 });
        handle.setMetadata(Buffer.alloc(1024, 'm'));
        expect(arena.matches(handle.slot, key)).toBe(true);
        expect(handle.metadata.equals(Buffer.alloc(1024, 'm'))).toBe(true);
      });
    });

    describe('crc32c', () => {
      it('knows the check values of the standard', () => {
        expect(arena.crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
        expect(arena.crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
        expect(arena.crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
        expect(arena.crc32c(Buffer.alloc(0))).toBe(0);
      });

      it('can be chained at any point and started at any address', () => {
        const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => ((i * 31) ^ (i >> 8)) & 255));
        for (const [start, end] of [
          [0, 70_000],
          [1, 300],
          [7, 9000],
          [63, 65_000],
          [5, 5],
        ] as const) {
          const part = bytes.subarray(start, end);
          let bytewise = 0;
          for (let i = 0; i < part.length; i++) bytewise = arena.crc32c(part.subarray(i, i + 1), bytewise);
          expect(arena.crc32c(part)).toBe(bytewise);
          const middle = part.length >> 1;
          expect(arena.crc32c(part.subarray(middle), arena.crc32c(part.subarray(0, middle)))).toBe(bytewise);
        }
      });
    });

    describe('close', () => {
      it('detaches outstanding views and refuses all further use', () => {
        const handle = allocate({ lengthBytes: MIB });
        const [view] = handle.views;
        fill(handle, 1);
        arena.close();
        expect(view).toHaveLength(0);
        expect(() => view!.readUInt8(0)).toThrow();
        expect(() => handle.views).toThrow(withCode('KV_ARENA_CLOSED'));
        expect(() => arena.usage()).toThrow(withCode('KV_ARENA_CLOSED'));
        expect(() => arena.acquire(0)).toThrow(withCode('KV_ARENA_CLOSED'));
        expect(() => arena.allocate({ key: ChunkKey.of('x'), lengthBytes: 1 })).toThrow(
          withCode('KV_ARENA_CLOSED'),
        );
      });

      it('may happen twice, and handles may be disposed after it', () => {
        const handle = allocate({ lengthBytes: MIB });
        arena.close();
        arena.close();
        expect(() => handle[Symbol.dispose]()).not.toThrow();
        expect(() => handle[Symbol.dispose]()).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
      });
    });
  });
}
