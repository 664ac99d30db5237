import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../../src/common/crc32c.js';
import { type StoreChunk } from '../../../src/client/kvnest-client.interface.js';
import { type DoorWorld } from './door-client.interface.js';
import { chunkBytes, eventually, expectValue, getOne } from './door-expect.js';

const MODEL = { model: 'org/model' };
const OTHERS = [
  { model: 'other' },
  { ...MODEL, cacheSalt: 'tenant' },
  { ...MODEL, worldSize: 2, workerId: 1 },
];

/** Chunks of a prefix with bytes of their own. */
function chunks(...indices: readonly number[]): readonly StoreChunk[] {
  return indices.map((index) => ({ index, bytes: chunkBytes(1000 * index + 10, index) }));
}

export function describeDoorTokens(world: DoorWorld): void {
  const { chunkTokens } = world.contract;
  const tokens = Array.from({ length: 5 * chunkTokens + 1 }, (_, i) => (i * 7919) % 2 ** 32);
  const places = (...indices: readonly number[]): readonly object[] =>
    indices.map((index) => ({ index, startToken: index * chunkTokens, tokens: chunkTokens }));

  describe('tokens', () => {
    it('gives the chunks of a prefix back, in order, whatever order they came in', async () => {
      const { client } = world;
      const stored = await client.store(tokens, chunks(3, 0, 4, 2, 1), MODEL);
      expect(stored).toMatchObject(places(3, 0, 4, 2, 1));
      const { hitTokens, chunks: found } = await client.lookup(tokens, MODEL);
      const retrieved = await client.retrieve(tokens, MODEL);
      expect(hitTokens).toBe(5 * chunkTokens);
      expect(found).toMatchObject(places(0, 1, 2, 3, 4));
      expect(retrieved).toMatchObject(places(0, 1, 2, 3, 4));
      for (const [index, chunk] of retrieved.entries()) {
        const bytes = chunkBytes(1000 * index + 10, index);
        expectValue(world, chunk, bytes);
        expect(found[index]!.key).toBe(chunk.key);
        expect(stored.find((answer) => answer.index === index)).toMatchObject({
          stored: true,
          key: chunk.key,
          checksum: crc32c(bytes),
        });
      }
    });

    it('ends at the first gap', async () => {
      const { client } = world;
      await client.store(tokens, chunks(0, 1, 3, 4), MODEL);
      const { hitTokens, chunks: found } = await client.lookup(tokens, MODEL);
      expect(hitTokens).toBe(2 * chunkTokens);
      expect(found).toMatchObject(places(0, 1));
      expect(await client.retrieve(tokens, MODEL)).toMatchObject(places(0, 1));
      await client.store(tokens, chunks(2), MODEL);
      expect(await client.retrieve(tokens, MODEL)).toMatchObject(places(0, 1, 2, 3, 4));
      await client.delete([found[0]!.key]);
      expect(await client.lookup(tokens, MODEL)).toEqual({ hitTokens: 0, chunks: [] });
      expect(await client.retrieve(tokens, MODEL)).toEqual([]);
    });

    it('finds the part that another prompt shares, and nothing of other tokens', async () => {
      const { client } = world;
      await client.store(tokens, chunks(0, 1, 2), MODEL);
      const fork = [...tokens.slice(0, 2 * chunkTokens), 1, ...tokens];
      expect(await client.retrieve(fork, MODEL)).toMatchObject(places(0, 1));
      expect((await client.lookup(tokens.slice(0, chunkTokens), MODEL)).hitTokens).toBe(chunkTokens);
      expect((await client.lookup(tokens.slice(1), MODEL)).hitTokens).toBe(0);
    });

    it('has nothing to say of no tokens, or too few for a chunk', async () => {
      const { client } = world;
      for (const few of [[], tokens.slice(0, chunkTokens - 1)]) {
        expect(await client.lookup(few, MODEL)).toEqual({ hitTokens: 0, chunks: [] });
        expect(await client.retrieve(few, MODEL)).toEqual([]);
      }
    });

    it('keeps models, tenants and ranks apart', async () => {
      const { client } = world;
      await client.store(tokens, chunks(0), MODEL);
      for (const [i, identity] of OTHERS.entries()) {
        expect((await client.lookup(tokens, identity)).hitTokens).toBe(0);
        await client.store(tokens, [{ index: 0, bytes: chunkBytes(10 + i, i) }], identity);
      }
      for (const [i, identity] of OTHERS.entries()) {
        const [chunk] = await client.retrieve(tokens, identity);
        expectValue(world, chunk, chunkBytes(10 + i, i));
      }
      expect(await client.clear({ model: 'other' })).toBe(1);
      expect(await client.clear({ tenant: 'tenant' })).toBe(1);
      expect((await client.lookup(tokens, MODEL)).hitTokens).toBe(chunkTokens);
    });

    it('keeps metadata, empty chunks, and the keys by which chunks are there, too', async () => {
      const { client } = world;
      const metadata = chunkBytes(1024, 9);
      await client.store(tokens, [{ index: 0, bytes: Buffer.alloc(0), metadata }, ...chunks(1)], MODEL);
      const [empty, second] = await client.retrieve(tokens, MODEL);
      expectValue(world, empty, Buffer.alloc(0), metadata);
      expectValue(world, second, chunkBytes(1010, 1));
      expectValue(world, await getOne(client, empty!.key), Buffer.alloc(0), metadata);
      await client.put(second!.key, Buffer.from('by its key'));
      expectValue(world, (await client.retrieve(tokens, MODEL))[1], Buffer.from('by its key'));
    });

    it('refuses a chunk that is there, or has another checksum, and stores the others', async () => {
      const { client } = world;
      await client.store(tokens, chunks(1), MODEL);
      const bytes = Buffer.from('anew');
      const items = [
        { index: 0, bytes, checksum: 1 },
        { index: 1, bytes },
        { index: 2, bytes, checksum: crc32c(bytes) },
      ];
      const stored = await client.store(tokens, items, { ...MODEL, onlyIfAbsent: true, ack: 'all' });
      expect(stored).toMatchObject([
        { stored: false, reason: 'checksum' },
        { stored: false, reason: 'exists' },
        { stored: true, checksum: crc32c(bytes) },
      ]);
      expect(await client.exists(stored.map(({ key }) => key))).toEqual([false, true, true]);
      expectValue(world, await getOne(client, stored[1]!.key), chunkBytes(1010, 1));
    });

    it('lets chunks expire', async () => {
      const { client } = world;
      await client.store(tokens, chunks(0, 1), { ...MODEL, ttlMs: 60_000 });
      await client.store(tokens, chunks(1), { ...MODEL, ttlMs: 1 });
      await eventually(async () => (await client.retrieve(tokens, MODEL)).length === 1);
      expect((await client.lookup(tokens, MODEL)).hitTokens).toBe(chunkTokens);
    });

    it('leases what a lookup finds, until it is read', async () => {
      const { client, contract } = world;
      await client.store(tokens, chunks(0, 1, 2), MODEL);
      await client.lookup(tokens.slice(0, 2 * chunkTokens), MODEL);
      await contract.pressure();
      expect(await client.retrieve(tokens, MODEL)).toMatchObject(places(0, 1));
      await contract.pressure();
      expect(await client.retrieve(tokens, MODEL)).toEqual([]);
    });

    it('pins what a lookup finds, where it is to', async () => {
      const { client, contract } = world;
      await client.store(tokens, chunks(0, 1), MODEL);
      const { chunks: found } = await client.lookup(tokens, { ...MODEL, pinMs: 60_000 });
      for (let i = 0; i < 2; i++) {
        await contract.pressure();
        expect(await client.retrieve(tokens, MODEL)).toMatchObject(places(0, 1));
      }
      expect(await client.unpin(found.map(({ key }) => key))).toEqual([true, true]);
    });
  });
}
