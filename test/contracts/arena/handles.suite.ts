import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { batchOf } from '../chunks/batch-of.js';
import { type ArenaWorld, withCode } from './arena-world.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const PAGE = 4096;

/** What a handle holds, who shares it, and how it is found by its key. */
export function describeHandles(world: ArenaWorld): void {
  describe('a handle', () => {
    it('has what it was given', () => {
      using handle = world.allocate({ lengthBytes: 100_000, metadataCapacityBytes: 16 });
      expect(handle).toMatchObject({ state: 'reserved', lengthBytes: 100_000, disposed: false });
      expect(handle.attributes).toMatchObject({ expiresAtMs: 0, depth: -1, encoded: false, loss: 'none' });
      expect(handle.metadata).toHaveLength(0);
      handle.setMetadata(Buffer.from('meta'));
      const { d0, d1, d2, d3 } = ChunkKey.of('in front');
      const parent = { d0, d1, d2, d3 };
      handle.setAttributes({ expiresAtMs: 1_900_000_000_123, depth: 7, parent });
      world.fill(handle, 0xa5);
      handle.seal(0xdeadbeef);

      using again = world.arena.acquire(handle.slot);
      expect(again).toMatchObject({ state: 'sealed', checksum: 0xdeadbeef, generation: handle.generation });
      expect(again.attributes).toMatchObject({ expiresAtMs: 1_900_000_000_123, depth: 7, parent });
      expect(again.metadata.toString()).toBe('meta');
      expect(again.key.equals(ChunkKey.of('key'))).toBe(true);
      expect(world.isFilledWith(again, 0xa5)).toBe(true);
    });

    it('keeps one attribute when the other is set', () => {
      using handle = world.allocate({ lengthBytes: 1 });
      handle.setAttributes({ depth: 3, encoded: true });
      handle.setAttributes({ expiresAtMs: 5, loss: 'fp8' });
      expect(handle.attributes).toMatchObject({ expiresAtMs: 5, depth: 3, encoded: true, loss: 'fp8' });
    });

    it('has views over its extents, aligned to pages', () => {
      using handle = world.allocate({ lengthBytes: 3 * MIB + 5 });
      expect(handle.extents.reduce((sum, { length }) => sum + length, 0)).toBe(3 * MIB + 5);
      expect(handle.views.map((view) => view.length)).toEqual(handle.extents.map(({ length }) => length));
      for (const { offset } of handle.extents) expect(offset % PAGE).toBe(0);
    });

    it('may be empty', () => {
      using handle = world.allocate({ lengthBytes: 0 });
      expect(handle).toMatchObject({ lengthBytes: 0, extents: [], views: [] });
      handle.seal(0);
    });

    it('takes no metadata beyond its room', () => {
      using handle = world.allocate({ lengthBytes: 1, metadataCapacityBytes: 3 });
      expect(() => handle.setMetadata(Buffer.from('four'))).toThrow(withCode('KV_ARENA_METADATA_TOO_LARGE'));
      handle.setMetadata(Buffer.from('two'));
      expect(handle.metadata.toString()).toBe('two');
    });

    it('takes nothing more once sealed', () => {
      using handle = world.allocate({ lengthBytes: 1 });
      handle.seal(1);
      expect(() => handle.seal(2)).toThrow(withCode('KV_ARENA_NOT_RESERVED'));
      expect(() => handle.setMetadata(Buffer.from('x'))).toThrow(withCode('KV_ARENA_NOT_RESERVED'));
      expect(handle.checksum).toBe(1);
    });

    it('keeps its key when the chunk is gone', () => {
      const handle = world.allocate({ lengthBytes: 1 });
      const again = world.arena.acquire(handle.slot);
      const { key } = again;
      again[Symbol.dispose]();
      handle[Symbol.dispose]();
      using other = world.allocate({ lengthBytes: 1 }, 'another');
      expect(key.toString()).toBe('key');
      expect(other.key.toString()).toBe('another');
    });
  });

  describe('references', () => {
    it('free the chunk with the last one', () => {
      const handle = world.allocate({ lengthBytes: MIB });
      const second = handle.retain();
      const { slot } = handle;
      expect(world.arena.referenceCount(slot)).toBe(2);
      handle[Symbol.dispose]();
      expect(world.arena.referenceCount(slot)).toBe(1);
      expect(second.views[0]).toHaveLength(MIB);
      second[Symbol.dispose]();
      expect(world.arena.referenceCount(slot)).toBe(0);
      expect(world.arena.usage().freeBytes).toBe(world.arena.usage().dataBytes);
    });

    it('are given back once each', () => {
      const handle = world.allocate({ lengthBytes: MIB });
      using second = handle.retain();
      handle[Symbol.dispose]();
      expect(() => handle[Symbol.dispose]()).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
      expect(world.arena.referenceCount(second.slot)).toBe(1);
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
      const handle = world.allocate({ lengthBytes: MIB });
      const { slot, generation } = handle;
      expect(handle.views).toHaveLength(1);
      handle[Symbol.dispose]();
      expect(handle).toMatchObject({ disposed: true, slot, generation });
      expect(() => use(handle)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
      using next = world.allocate({ lengthBytes: MIB });
      expect(next.slot).toBe(slot);
      expect(next.generation).not.toBe(generation);
      expect(() => use(handle)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
    });

    it('cannot be had to a free slot', () => {
      expect(() => world.arena.acquire(0)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
      expect(() => world.arena.keep(0)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
      expect(() => world.arena.acquire(-1)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
      expect(() => world.arena.acquire(world.arena.slotCount)).toThrow(withCode('KV_ARENA_USE_AFTER_FREE'));
      expect(world.arena.referenceCount(world.arena.slotCount)).toBe(0);
      expect(world.arena.footprintBytes(0)).toBe(0);
    });

    it('can be kept without an object', () => {
      const handle = world.allocate({ lengthBytes: MIB });
      const { slot } = handle;
      handle.seal(9);
      world.arena.keep(slot);
      handle[Symbol.dispose]();
      expect(world.arena.referenceCount(slot)).toBe(1);
      expect(world.arena.usage().references).toBe(0);
      using reader = world.arena.acquire(slot);
      expect(reader.checksum).toBe(9);
      world.arena.unkeep(slot);
      expect(reader.state).toBe('condemned');
      expect(() => world.arena.unkeep(slot)).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
      expect(reader.views[0]).toHaveLength(MIB);
      world.arena.keep(slot);
      expect(reader.state).toBe('sealed');
      world.arena.unkeep(slot);
    });

    it('end with the last kept one', () => {
      const handle = world.allocate({ lengthBytes: MIB });
      const { slot } = handle;
      handle.seal(9);
      world.arena.keep(slot);
      world.arena.keep(slot);
      handle[Symbol.dispose]();
      world.arena.unkeep(slot);
      expect(world.arena.referenceCount(slot)).toBe(1);
      world.arena.unkeep(slot);
      expect(world.arena.usage().freeBytes).toBe(world.arena.usage().dataBytes);
      expect(() => world.arena.unkeep(slot)).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
    });
  });

  describe('matches', () => {
    it('compares namespace and every byte of the key', () => {
      const text = 'a key that is longer than a few words, as those of LMCache are@1@0@deadbeef@bfloat16';
      using handle = world.allocate({ lengthBytes: 1, key: ChunkKey.of(text, 3) });
      expect(world.arena.matches(handle.slot, ChunkKey.of(text, 3))).toBe(true);
      expect(world.arena.matches(handle.slot, ChunkKey.of(text, 0))).toBe(false);
      expect(world.arena.matches(handle.slot, ChunkKey.of(`${text} `, 3))).toBe(false);
      const { d0, d1, d2, d3 } = ChunkKey.of(text, 3);
      for (const other of [
        ChunkKey.of(text.replace('few', 'fed'), 3),
        ChunkKey.of(`${text} and more`, 3),
        ChunkKey.of(text, 4),
      ]) {
        Object.assign(other, { d0, d1, d2, d3 });
        expect(world.arena.matches(handle.slot, other)).toBe(false);
      }
    });

    it('compares the same for a batch', () => {
      const text = 'a key of no whole number of words, longer than a line of the cache of most processors@x';
      using handle = world.allocate({ lengthBytes: 1, key: ChunkKey.of(text, 3) });
      using other = world.allocate({ lengthBytes: 1, key: ChunkKey.of('other', 3) });
      const gone = world.allocate({ lengthBytes: 1, key: ChunkKey.of('other', 3) });
      gone[Symbol.dispose]();
      const match = (given: readonly (readonly [number, string])[], namespace = 3): readonly number[] => {
        const slots = Int32Array.from(given, ([slot]) => slot);
        world.arena.matchBatch(slots, batchOf(given.map(([, key]) => ChunkKey.of(key, namespace))));
        return [...slots];
      };
      const { slot } = handle;
      const six = [text, text, text.replace(/.$/, 'y'), 'other', text, 'other'];
      const pairs = [slot, -1, slot, other.slot, other.slot, gone.slot].map((s, i) => [s, six[i]!] as const);
      expect(match(pairs)).toEqual([slot, -1, -2, other.slot, -2, -2]);
      expect(match([[slot, text]], 4)).toEqual([-2]);
      expect(match(Array.from({ length: 500 }, () => pairs[0]!))).toEqual(Array(500).fill(slot));
    });

    it('knows no freed chunk', () => {
      const handle = world.allocate({ lengthBytes: 1 });
      handle[Symbol.dispose]();
      expect(world.arena.matches(handle.slot, ChunkKey.of('key'))).toBe(false);
      expect(world.arena.matches(-1, ChunkKey.of('key'))).toBe(false);
    });
  });
}
