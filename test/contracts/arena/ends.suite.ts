import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { type ArenaWorld, withCode } from './arena-world.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Checksums, and the end. */
export function describeEnds(world: ArenaWorld): void {
  describe('crc32c', () => {
    it('knows the check values of the standard', () => {
      expect(world.arena.crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
      expect(world.arena.crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
      expect(world.arena.crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
      expect(world.arena.crc32c(Buffer.alloc(0))).toBe(0);
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
        for (let i = 0; i < part.length; i++)
          bytewise = world.arena.crc32c(part.subarray(i, i + 1), bytewise);
        expect(world.arena.crc32c(part)).toBe(bytewise);
        const middle = part.length >> 1;
        expect(world.arena.crc32c(part.subarray(middle), world.arena.crc32c(part.subarray(0, middle)))).toBe(
          bytewise,
        );
      }
    });
  });

  describe('close', () => {
    it('detaches outstanding views and refuses all further use', () => {
      const handle = world.allocate({ lengthBytes: MIB });
      const [view] = handle.views;
      world.fill(handle, 1);
      world.arena.close();
      expect(view).toHaveLength(0);
      expect(() => view!.readUInt8(0)).toThrow();
      expect(() => handle.views).toThrow(withCode('KV_ARENA_CLOSED'));
      expect(() => world.arena.usage()).toThrow(withCode('KV_ARENA_CLOSED'));
      expect(() => world.arena.acquire(0)).toThrow(withCode('KV_ARENA_CLOSED'));
      expect(() => world.arena.allocate({ key: ChunkKey.of('x'), lengthBytes: 1 })).toThrow(
        withCode('KV_ARENA_CLOSED'),
      );
    });

    it('may happen twice, and handles may be disposed after it', () => {
      const handle = world.allocate({ lengthBytes: MIB });
      world.arena.close();
      world.arena.close();
      expect(() => handle[Symbol.dispose]()).not.toThrow();
      expect(() => handle[Symbol.dispose]()).toThrow(withCode('KV_ARENA_DOUBLE_FREE'));
    });
  });
}
