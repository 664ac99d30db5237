import { describe, expect, it } from '@jest/globals';
import { crc32c } from '../../../src/common/crc32c.js';
import { type DoorKey, type DoorWorld } from './door-client.interface.js';
import { chunkBytes, eventually, expectValue, getOne } from './door-expect.js';

const KIB = 1024;
const SIZES = [0, 1, 100, 4095, 4096, 4097, 16 * KIB, 65_535, 64 * KIB, 65_537, 1024 * KIB + 1];

const TEXT_KEYS: readonly string[] = [
  'a',
  ' ',
  ' a b ',
  'a/b',
  '/',
  '//',
  '../../escape',
  'a%2Fb%',
  'a?b=c&d#e',
  '"quoted" \\ {json}',
  'a\r\nb\0c',
  '__proto__',
  'constructor',
  '%%%',
  'модель@1@0@ab@half',
  '模型🙂',
  'e\u0301',
  '\u00e9',
  'org/model@1@0@abcdef@bfloat16',
  'k'.repeat(4096),
  '🙂'.repeat(1024),
];

const BINARY_KEYS: readonly DoorKey[] = [
  Buffer.from([0]),
  Buffer.from([255, 0, 13, 10]),
  Buffer.from([0xc3, 0x28]),
  Buffer.alloc(4096, 0xff),
];

export function describeDoorValues(world: DoorWorld): void {
  const { capabilities } = world.contract;

  describe('values', () => {
    const sizes = [...SIZES.filter((size) => size < capabilities.maxValueBytes), capabilities.maxValueBytes];

    it.each(sizes)('gives back %d bytes as they were put', async (length) => {
      const { client } = world;
      const bytes = chunkBytes(length, length);
      const put = await client.put('key', bytes);
      expect(put).toMatchObject({ stored: true });
      if (capabilities.metadata) expect(put).toMatchObject({ checksum: crc32c(bytes) });
      expectValue(world, await getOne(client, 'key'), bytes);
      expect(await client.exists(['key'])).toEqual([true]);
    });

    it('has nothing that was not put', async () => {
      const { client } = world;
      expect(await client.getMany(['none', 'nor this'])).toEqual([undefined, undefined]);
      expect(await client.exists(['none'])).toEqual([false]);
      expect(await client.exists(['none'], { lease: true })).toEqual([false]);
      expect(await client.delete(['none'])).toEqual([false]);
    });

    it('keeps the last value that was put', async () => {
      const { client } = world;
      for (const length of [30_000, 5, 0, 20_000]) {
        await client.put('key', chunkBytes(length, length));
        expectValue(world, await getOne(client, 'key'), chunkBytes(length, length));
      }
    });

    it('deletes, and tells what was there', async () => {
      const { client } = world;
      await client.put('a', Buffer.from('1'));
      await client.put('c', Buffer.alloc(0));
      expect(await client.delete(['a', 'b', 'c'])).toEqual([true, false, true]);
      expect(await client.getMany(['a', 'c'])).toEqual([undefined, undefined]);
      expect(await client.delete(['a', 'c'])).toEqual([false, false]);
    });

    it('answers many keys in their order, one that comes twice included', async () => {
      const { client } = world;
      const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`);
      for (const [i, key] of keys.entries()) await client.put(key, chunkBytes(100 * i, i));
      const asked = ['none', ...keys.slice(10), 'nor this', ...keys.slice(0, 10), 'key-3'];
      const values = await client.getMany(asked);
      expect(values).toHaveLength(asked.length);
      for (const [at, key] of asked.entries()) {
        const i = keys.indexOf(key);
        if (i === -1) expect(values[at]).toBeUndefined();
        else expectValue(world, values[at], chunkBytes(100 * i, i));
      }
      expect(await client.exists(asked)).toEqual(asked.map((key) => keys.includes(key)));
    });

    it('keeps what is there where it is to', async () => {
      const { client } = world;
      const once = { onlyIfAbsent: true };
      expect(await client.put('key', Buffer.from('first'), once)).toMatchObject({ stored: true });
      expect(await client.put('key', Buffer.from('second'), once)).toEqual({
        stored: false,
        reason: 'exists',
      });
      expectValue(world, await getOne(client, 'key'), Buffer.from('first'));
    });

    it('clears a namespace, or all', async () => {
      const { client } = world;
      const { reasons } = capabilities;
      for (const namespace of [0, 1, 2]) await client.put('key', Buffer.from('x'), { namespace });
      await client.put('other', Buffer.from('x'), { namespace: 1 });
      const removed = [await client.clear({ namespace: 1 }), await client.clear(), await client.clear()];
      if (reasons) expect(removed).toEqual([2, 2, 0]);
      for (const namespace of [0, 1, 2])
        expect(await client.exists(['key', 'other'], { namespace })).toEqual([false, false]);
    });
  });

  describe('keys', () => {
    it.each(TEXT_KEYS.map((key) => [JSON.stringify(key).slice(0, 40), key] as const))(
      'may be %s',
      async (_, key) => {
        const { client } = world;
        const bytes = Buffer.from(`under ${key.slice(0, 20)}`);
        expect(await client.put(key, bytes)).toMatchObject({ stored: true });
        expectValue(world, await getOne(client, key), bytes);
        expect(await client.exists([key, 'none'])).toEqual([true, false]);
        expect(await client.delete([key])).toEqual([true]);
      },
    );

    if (capabilities.binaryKeys)
      it('may be any bytes', async () => {
        const { client } = world;
        for (const [i, key] of BINARY_KEYS.entries()) await client.put(key, chunkBytes(50, i));
        const values = await client.getMany(BINARY_KEYS);
        for (const [i, value] of values.entries()) expectValue(world, value, chunkBytes(50, i));
        expect(await client.delete(BINARY_KEYS)).toEqual(BINARY_KEYS.map(() => true));
      });

    it('are others in another namespace', async () => {
      const { client } = world;
      const namespaces = [0, 1, 7, capabilities.maxNamespace];
      for (const namespace of namespaces)
        await client.put('key', Buffer.from(`in ${namespace}`), { namespace });
      for (const namespace of namespaces)
        expectValue(world, await getOne(client, 'key', namespace), Buffer.from(`in ${namespace}`));
      expect(await client.delete(['key'], { namespace: 7 })).toEqual([true]);
      expect(await client.exists(['key'], { namespace: 7 })).toEqual([false]);
      expect(await client.exists(['key'])).toEqual([true]);
    });
  });

  describe('expiry', () => {
    it('ends a value', async () => {
      const { client } = world;
      await client.put('short', Buffer.from('x'), { ttlMs: 1 });
      await client.put('long', Buffer.from('x'), { ttlMs: 60_000 });
      await eventually(async () => (await getOne(client, 'short')) === undefined);
      expect(await client.exists(['short', 'long'])).toEqual([false, true]);
      expect(await client.delete(['short'])).toEqual([false]);
    });

    it('is forgotten when the value is put anew, and what has expired is no obstacle', async () => {
      const { client } = world;
      await client.put('key', Buffer.from('x'), { ttlMs: 30 });
      await client.put('key', Buffer.from('y'));
      await client.put('once', Buffer.from('x'), { ttlMs: 1 });
      await client.put('mark', Buffer.from('x'), { ttlMs: 30 });
      await eventually(async () => (await client.exists(['once', 'mark'])).every((found) => !found));
      expectValue(world, await getOne(client, 'key'), Buffer.from('y'));
      expect(await client.put('once', Buffer.from('z'), { onlyIfAbsent: true })).toMatchObject({
        stored: true,
      });
    });
  });

  if (capabilities.metadata) describeMetadata(world);
}

function describeMetadata(world: DoorWorld): void {
  describe('metadata and checksums', () => {
    it.each([1, 64, 1024])('gives back %d bytes of metadata', async (length) => {
      const { client } = world;
      const metadata = chunkBytes(length, 5);
      for (const bytes of [chunkBytes(3000), Buffer.alloc(0)]) {
        await client.put('key', bytes, { metadata });
        expectValue(world, await getOne(client, 'key'), bytes, metadata);
      }
      await client.put('key', Buffer.from('without'));
      expectValue(world, await getOne(client, 'key'), Buffer.from('without'));
    });

    it('stores what has the announced checksum, and nothing else', async () => {
      const { client, contract } = world;
      const bytes = chunkBytes(50_000, 1);
      const checksum = crc32c(bytes);
      expect(await client.put('key', bytes, { checksum })).toMatchObject({ stored: true, checksum });
      const wrong = client.put('key', chunkBytes(50_000, 2), { checksum });
      const code = contract.errors.checksum;
      if (code === undefined) expect(await wrong).toEqual({ stored: false, reason: 'checksum' });
      else await expect(wrong).rejects.toMatchObject({ code });
      expectValue(world, await getOne(client, 'key'), bytes);
    });

    it('tells the tiers that have a value when all have answered', async () => {
      const { client } = world;
      const { tiers } = await client.status();
      const put = await client.put('key', Buffer.from('x'), { ack: 'all' });
      expect(put).toMatchObject({ stored: true, tiers: tiers.map(({ name }) => name) });
    });
  });
}
