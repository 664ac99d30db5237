import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey, MAX_KEY_BYTES } from '../../../src/protocols/chunk-key/chunk-key.js';
import { errorOf, inWorld, KIB, MIB, type StorageBackendContract } from './backend-world.js';
import { fragmentArena } from '../chunks/arena-filler.js';
import { batchOf } from '../chunks/batch-of.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';

const A = ChunkKey.of('a');
const B = ChunkKey.of('b');
const C = ChunkKey.of('c');

export function describeData(contract: StorageBackendContract): void {
  describe('put and get', () => {
    it.each([0, 1, 100, 4095, 4096, 4097, 64 * KIB, 100_001, MIB])('gives back %i bytes', (lengthBytes) =>
      inWorld(contract, async (world) => {
        const bytes = chunkBytes(lengthBytes, lengthBytes);
        expect(await world.put({ key: A, bytes })).toBe('stored');
        expectBytes(await world.read(A), bytes);
      }),
    );

    it('gives back a chunk that lies in several extents', () =>
      inWorld(contract, async (world) => {
        const fillers = fragmentArena(world.arena);
        const bytes = chunkBytes(MIB, 3);
        {
          using handle = world.chunk({ key: A, bytes });
          expect(handle.extents.length).toBeGreaterThan(1);
          expect(await world.store(handle)).toBe('stored');
        }
        expectBytes(await world.read(A), bytes);
        for (const filler of fillers) filler[Symbol.dispose]();
      }));

    if (contract.capabilities.metadata === 'any') describeMetadata(contract);

    it('gives back key and checksum with the bytes', () =>
      inWorld(contract, async (world) => {
        const bytes = chunkBytes(5000);
        await world.put({ key: A, bytes });
        using handle = (await world.backend.get(A)) as ArenaHandle;
        expect(handle.state).not.toBe('reserved');
        expect(handle.key.equals(A)).toBe(true);
        expect(handle.checksum).toBe(world.arena.crc32c(bytes));
      }));

    it('takes any bytes for a key', () =>
      inWorld(contract, async (world) => {
        const keys = [
          new ChunkKey(Buffer.from([0, 255, 10, 13, 0xc3, 0x28])),
          new ChunkKey(Buffer.alloc(MAX_KEY_BYTES, 'k')),
          new ChunkKey(Buffer.from('../../escape')),
          new ChunkKey(Buffer.alloc(0)),
        ];
        for (const [i, key] of keys.entries()) await world.put({ key, bytes: chunkBytes(500, i) });
        for (const [i, key] of keys.entries()) expectBytes(await world.read(key), chunkBytes(500, i));
      }));

    it('keeps namespaces apart', () =>
      inWorld(contract, async (world) => {
        const other = ChunkKey.of('a', 3);
        await world.put({ key: A, bytes: chunkBytes(100, 1) });
        expect(await world.has(other)).toBe(false);
        await world.put({ key: other, bytes: chunkBytes(100, 2) });
        expectBytes(await world.read(A), chunkBytes(100, 1));
        expectBytes(await world.read(other), chunkBytes(100, 2));
      }));

    it('answers for a batch of keys, where it can, as for each of them', () =>
      inWorld(contract, async (world) => {
        const { backend, clock } = world;
        if (backend.containsBatch === undefined) return;
        const keys = Array.from({ length: 300 }, (_, i) =>
          ChunkKey.of(`key-${i}`.padEnd(3 + (i % 90), '-'), 2),
        );
        for (const [i, key] of keys.entries()) {
          const metadata = i % 5 === 0 ? { metadata: Buffer.from('m') } : {};
          if (i % 3 > 0) await world.put({ key, bytes: chunkBytes(10), expiresAtMs: i % 7, ...metadata });
          else await world.put({ key: new ChunkKey(key.bytes, 1), bytes: chunkBytes(10) });
        }
        expect(clock.nowMs()).toBeGreaterThan(7);
        for (const options of [{}, { withMetadata: true }]) {
          const answers = new Uint8Array(keys.length).fill(9, 100, 120);
          const found = backend.containsBatch(batchOf(keys), answers, 4, options);
          const expected: boolean[] = [];
          for (const key of keys) expected.push(await backend.contains(key, options));
          expect([...answers]).toEqual(expected.map((there, i) => (i >= 100 && i < 120 ? 9 : there ? 4 : 0)));
          expect(found).toBe(answers.filter((answer) => answer === 4).length);
          expect(found).toBeGreaterThan(0);
        }
      }));

    it('says miss for what is not there', () =>
      inWorld(contract, async (world) => {
        expect(await world.read(A)).toBe('miss');
        expect(await world.has(A)).toBe(false);
        expect(await world.backend.expiresAtMs(A)).toBeUndefined();
      }));

    it('replaces', () =>
      inWorld(contract, async (world) => {
        await world.put({ key: A, bytes: chunkBytes(70_000, 1), metadata: Buffer.from('old') });
        const { usedBytes } = world.backend.usage();
        await world.put({ key: A, bytes: chunkBytes(3_000, 2) });
        expectBytes(await world.read(A), chunkBytes(3_000, 2));
        if (contract.capabilities.metadata === 'any') {
          expect(await world.backend.contains(A, { withMetadata: true })).toBe(false);
        }
        world.expectUsage({ chunks: 1 });
        if (contract.bounded ?? true) expect(world.backend.usage().usedBytes).toBeLessThan(usedBytes);
      }));

    it('gives many, each in order', () =>
      inWorld(contract, async (world) => {
        for (const [i, key] of [A, B].entries()) await world.put({ key, bytes: chunkBytes(2_000, i) });
        const outcomes = await world.backend.getMany([B, C, A]);
        const bytes = outcomes.map((outcome) =>
          typeof outcome === 'string' ? outcome : Buffer.concat(outcome.views),
        );
        for (const outcome of outcomes) if (typeof outcome !== 'string') outcome[Symbol.dispose]();
        expect(bytes).toEqual([chunkBytes(2_000, 1), 'miss', chunkBytes(2_000, 0)]);
      }));

    it('takes and gives nothing', () =>
      inWorld(contract, async (world) => {
        expect(await world.backend.putMany([])).toEqual([]);
        expect(await world.backend.getMany([])).toEqual([]);
        expect(await world.backend.removeMany([])).toEqual([]);
        expect(await world.backend.containsPrefix([])).toBe(0);
      }));

    it('refuses a chunk that is not sealed', () =>
      inWorld(contract, async (world) => {
        using handle = world.arena.allocate({ key: A, lengthBytes: 10 });
        expect(await errorOf(() => world.backend.putMany([handle as ArenaHandle]))).toMatchObject({
          code: 'KV_BACKEND_UNSEALED',
        });
        expect(await world.has(A)).toBe(false);
      }));
  });

  describe('lookup', () => {
    it('counts the keys in front of the first gap', () =>
      inWorld(contract, async (world) => {
        const keys = await world.putRun('prefix', 4, 100);
        expect(await world.backend.containsPrefix(keys)).toBe(4);
        expect(await world.backend.containsPrefix([A, ...keys])).toBe(0);
        expect(await world.backend.containsPrefix([...keys.slice(0, 2), A, ...keys.slice(2)])).toBe(2);
      }));
  });
}

function describeMetadata(contract: StorageBackendContract): void {
  it('gives back metadata and depth with the bytes', () =>
    inWorld(contract, async (world) => {
      await world.put({ key: A, metadata: Buffer.from('dtype and shape'), depth: 12 });
      using handle = (await world.backend.get(A)) as ArenaHandle;
      expect(handle.metadata.toString()).toBe('dtype and shape');
      expect(handle.attributes).toMatchObject({ expiresAtMs: 0, depth: 12 });
    }));

  it('tells chunks with metadata from those without', () =>
    inWorld(contract, async (world) => {
      await world.put({ key: A, metadata: Buffer.from('m') });
      await world.put({ key: B });
      expect(await world.backend.contains(A, { withMetadata: true })).toBe(true);
      expect(await world.backend.contains(B, { withMetadata: true })).toBe(false);
      expect(await world.backend.containsPrefix([A, B], { withMetadata: true })).toBe(1);
    }));
}
