import { describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../../src/arena/arena.interface.js';
import { ChunkKey, MAX_KEY_BYTES } from '../../../src/protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../../src/protocols/store-key/store-key.js';
import {
  binaryMetadata,
  encodeRemoteMetadata,
  type RemoteMetadata,
} from '../../../src/protocols/remote-metadata/remote-metadata.js';
import { fillArena, fragmentArena } from '../chunks/arena-filler.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';
import { inConnectorWorld, type RemoteConnectorContract } from './connector-world.js';

const MIB = 1024 * 1024;

export function describeConnectorData(contract: RemoteConnectorContract): void {
  describe('put and get', () => {
    it.each([1, 100, 1023, 1024, 1025, 4095, 4096, 100_001, MIB, 3 * MIB + 1])(
      'gives back %i bytes',
      (lengthBytes) =>
        inConnectorWorld(contract, async (world) => {
          const key = world.key('key');
          const bytes = chunkBytes(lengthBytes, lengthBytes);
          expect(await world.put({ key, bytes })).toBe('stored');
          expectBytes(await world.read(key), bytes);
        }),
    );

    it('gives back a chunk that lies in several extents, and reads it into several', () =>
      inConnectorWorld(contract, async (world) => {
        const fillers = fragmentArena(world.arena);
        const key = world.key('key');
        const bytes = chunkBytes(MIB, 3);
        {
          using chunk = world.chunk({ key, bytes });
          expect(chunk.extents.length).toBeGreaterThan(1);
          expect(await world.connector.put(chunk)).toBe('stored');
        }
        expectBytes(await world.read(key), bytes);
        for (const filler of fillers) filler[Symbol.dispose]();
      }));

    it('gives a sealed chunk with its key and the checksum of its bytes', () =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(5_000) });
        using handle = (await world.connector.get(key)) as ArenaHandle;
        expect(handle.state).toBe('sealed');
        expect(handle.key.equals(key)).toBe(true);
        expect(handle.checksum).toBe(world.arena.crc32c(chunkBytes(5_000)));
      }));

    it('takes any key that is not too long', () =>
      inConnectorWorld(contract, async (world) => {
        const { maxKeyBytes } = world.connector.capabilities;
        const keys = [
          world.key('org/model@1@0@abcdef@bfloat16'),
          new ChunkKey(Buffer.from([0, 255, 10, 13, 0xc3, 0x28])),
          new ChunkKey(Buffer.alloc(MAX_KEY_BYTES, 'k')),
          new ChunkKey(Buffer.alloc(Math.min(maxKeyBytes, MAX_KEY_BYTES), 'l')),
          ChunkKey.of('../../escape'),
          ChunkKey.of('модель@1@0@ab@half'),
          ChunkKey.of('a%20b?c#d&e=f'),
          ChunkKey.of(''),
        ].filter((key) => Buffer.byteLength(formatStoreKey(key)) <= maxKeyBytes);
        for (const [i, key] of keys.entries()) await world.put({ key, bytes: chunkBytes(500, i) });
        for (const [i, key] of keys.entries()) expectBytes(await world.read(key), chunkBytes(500, i));
      }));

    it('keeps namespaces apart', () =>
      inConnectorWorld(contract, async (world) => {
        const [key, other] = [ChunkKey.of('a'), ChunkKey.of('a', 3)];
        await world.put({ key, bytes: chunkBytes(100, 1) });
        expect(await world.connector.exists(other)).toBe(false);
        await world.put({ key: other, bytes: chunkBytes(100, 2) });
        expectBytes(await world.read(key), chunkBytes(100, 1));
        expectBytes(await world.read(other), chunkBytes(100, 2));
      }));

    it('says miss for what is not there', () =>
      inConnectorWorld(contract, async (world) => {
        expect(await world.read(world.key('none'))).toBe('miss');
        expect(await world.connector.exists(world.key('none'))).toBe(false);
      }));

    it('replaces', () =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(70_000, 1) });
        await world.put({ key, bytes: chunkBytes(3_000, 2) });
        expectBytes(await world.read(key), chunkBytes(3_000, 2));
      }));

    it('answers busy without room, keeps nothing, and reads later', () =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('key');
        const bytes = chunkBytes(200_000);
        await world.put({ key, bytes });
        const fillers = fillArena(world.arena);
        expect(await world.read(key)).toBe('busy');
        for (const filler of fillers) filler[Symbol.dispose]();
        expectBytes(await world.read(key), bytes);
      }));
  });

  describe('many at once', () => {
    it('takes many, gives many and finds many, each in order', () =>
      inConnectorWorld(contract, async (world) => {
        const keys = Array.from({ length: 20 }, (_, i) => world.key(`key-${i}`));
        const chunks = keys.map((key, i) => world.chunk({ key, bytes: chunkBytes(10_000 + i, i) }));
        expect(new Set(await world.connector.putMany(chunks))).toEqual(new Set(['stored']));
        for (const chunk of chunks) chunk[Symbol.dispose]();
        const asked = [...keys.slice(10), world.key('none'), ...keys.slice(0, 10)];
        expect(await world.connector.existsMany(asked)).toEqual(asked.map((_, i) => i !== 10));
        const outcomes = await world.connector.getMany(asked);
        for (const [i, outcome] of outcomes.entries()) {
          const n = i < 10 ? i + 10 : i - 11;
          if (i === 10) expect(outcome).toBe('miss');
          else {
            using handle = outcome as ArenaHandle;
            expectBytes(Buffer.concat(handle.views), chunkBytes(10_000 + n, n));
          }
        }
      }));

    it('finds the first gap when nobody wants to know what is behind it', () =>
      inConnectorWorld(contract, async (world) => {
        const keys = Array.from({ length: 9 }, (_, i) => world.key(`key-${i}`));
        for (const [i, key] of keys.entries()) if (i !== 2 && i !== 6) await world.put({ key });
        for (const [from, gap] of [
          [0, 2],
          [2, 0],
          [3, 3],
          [7, -1],
        ] as const) {
          const found = await world.connector.existsMany(keys.slice(from), { upToGap: true });
          expect(found).toHaveLength(9 - from);
          expect(found.indexOf(false)).toBe(gap);
        }
      }));

    it('takes and gives nothing', () =>
      inConnectorWorld(contract, async ({ connector }) => {
        expect(await connector.putMany([])).toEqual([]);
        expect(await connector.getMany([])).toEqual([]);
        expect(await connector.existsMany([])).toEqual([]);
        if (contract.capabilities.remove) expect(await connector.removeMany([])).toEqual([]);
      }));

    it('gives busy at the places for which there is no room', () =>
      inConnectorWorld(contract, async (world) => {
        const keys = Array.from({ length: 12 }, (_, i) => world.key(`key-${i}`));
        for (const [i, key] of keys.entries()) await world.put({ key, bytes: chunkBytes(MIB, i) });
        const fillers = fillArena(world.arena);
        for (const filler of fillers.splice(0, 96)) filler[Symbol.dispose]();
        const outcomes = await world.connector.getMany(keys);
        expect(new Set(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'hit')))).toEqual(
          new Set(['hit', 'busy']),
        );
        for (const [i, outcome] of outcomes.entries()) {
          if (typeof outcome === 'string') continue;
          using handle = outcome;
          expectBytes(Buffer.concat(handle.views), chunkBytes(MIB, i));
        }
        for (const filler of fillers) filler[Symbol.dispose]();
      }));

    it('reads whole chunks of one version while one key is put and read at once', () =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('contended');
        const versions = [0, 1, 2].map((i) => chunkBytes(90_000, i));
        await world.put({ key, bytes: versions[0]! });
        const reads: (Buffer | string)[] = [];
        await Promise.all(
          Array.from({ length: 40 }, async (_, i) => {
            if (i % 4 === 0) await world.put({ key, bytes: versions[i % 3]! });
            else reads.push(await world.read(key));
          }),
        );
        for (const read of reads) {
          const whole =
            typeof read === 'string' ? read === 'miss' : versions.some((version) => version.equals(read));
          expect(whole).toBe(true);
        }
      }));
  });

  describeMetadata(contract);
}

function describeMetadata(contract: RemoteConnectorContract): void {
  const { metadata } = contract.capabilities;
  const kv: RemoteMetadata = { lengthBytes: 4096, format: 1, groups: [{ dtype: 3, shape: [2, 4, 16, 16] }] };

  describe('metadata', () => {
    if (metadata === 'none') {
      it('is not kept', () =>
        inConnectorWorld(contract, async (world) => {
          const key = world.key('key');
          await world.put({ key, bytes: chunkBytes(4096), metadata: encodeRemoteMetadata(kv) });
          using handle = (await world.connector.get(key)) as ArenaHandle;
          expect(handle.metadata).toHaveLength(0);
          expect(await world.connector.exists(key, { withMetadata: true })).toBe(false);
        }));
      return;
    }

    it("is LMCache's, and comes back", () =>
      inConnectorWorld(contract, async (world) => {
        const key = world.key('key');
        await world.put({ key, bytes: chunkBytes(4096), metadata: encodeRemoteMetadata(kv) });
        using handle = (await world.connector.get(key)) as ArenaHandle;
        expect(handle.metadata.equals(encodeRemoteMetadata(kv))).toBe(true);
        expect(await world.connector.exists(key, { withMetadata: true })).toBe(true);
        expect(await world.connector.existsMany([key], { withMetadata: true })).toEqual([true]);
      }));

    if (metadata === 'lmcache')
      it('is that of plain bytes for a chunk without', () =>
        inConnectorWorld(contract, async (world) => {
          const key = world.key('key');
          await world.put({ key, bytes: chunkBytes(700) });
          using handle = (await world.connector.get(key)) as ArenaHandle;
          expect(handle.metadata.equals(encodeRemoteMetadata(binaryMetadata(700)))).toBe(true);
        }));
    else
      it('is anything, with depth and expiry, or nothing', () =>
        inConnectorWorld(contract, async (world) => {
          const [key, bare] = [world.key('key'), world.key('bare')];
          const expiresAtMs = Math.floor(world.context.clock.nowMs()) + 3_600_000;
          await world.put({ key, metadata: Buffer.from('any'), depth: 12, expiresAtMs });
          await world.put({ key: bare });
          using handle = (await world.connector.get(key)) as ArenaHandle;
          expect(handle.metadata.toString()).toBe('any');
          expect(handle.attributes).toMatchObject({ depth: 12, expiresAtMs });
          expect(await world.connector.exists(bare, { withMetadata: true })).toBe(false);
          expect(await world.connector.existsMany([key, bare], { withMetadata: true })).toEqual([
            true,
            false,
          ]);
        }));
  });
}
