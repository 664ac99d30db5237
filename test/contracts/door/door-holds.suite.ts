import { describe, expect, it } from '@jest/globals';
import { type DoorWorld } from './door-client.interface.js';
import { chunkBytes, eventually, expectValue, getOne } from './door-expect.js';

const BYTES = chunkBytes(10_000, 3);

/** What eviction leaves alone. */
export function describeDoorHolds(world: DoorWorld): void {
  const { capabilities } = world.contract;

  describe('leases', () => {
    it('keep what was asked for until it is read', async () => {
      const { client, contract } = world;
      for (const key of ['leased', 'other']) await client.put(key, BYTES);
      expect(await client.exists(['leased'], { lease: true })).toEqual([true]);
      await contract.pressure();
      expectValue(world, await getOne(client, 'leased'), BYTES);
      expect(await getOne(client, 'other')).toBeUndefined();
      await contract.pressure();
      expect(await getOne(client, 'leased')).toBeUndefined();
    });

    if (capabilities.leaseOptional)
      it('are not given to who only asks', async () => {
        const { client, contract } = world;
        await client.put('key', BYTES);
        expect(await client.exists(['key'])).toEqual([true]);
        await contract.pressure();
        expect(await client.exists(['key'])).toEqual([false]);
      });
  });

  if (!capabilities.pins) return;

  describe('pins', () => {
    it('keep a value, however often it is read, until it is unpinned', async () => {
      const { client, contract } = world;
      for (const key of ['pinned', 'other']) await client.put(key, BYTES);
      expect(await client.pin(['pinned', 'none'], { pinMs: 60_000 })).toEqual([true, false]);
      for (let i = 0; i < 2; i++) {
        await contract.pressure();
        expectValue(world, await getOne(client, 'pinned'), BYTES);
      }
      expect(await getOne(client, 'other')).toBeUndefined();
      expect(await client.unpin(['pinned', 'none'])).toEqual([true, false]);
      await contract.pressure();
      expect(await getOne(client, 'pinned')).toBeUndefined();
    });

    it('count, and are of one namespace', async () => {
      const { client } = world;
      await client.put('key', BYTES);
      expect(await client.pin(['key'], { namespace: 1 })).toEqual([false]);
      expect(await client.pin(['key'])).toEqual([true]);
      expect(await client.pin(['key'])).toEqual([true]);
      expect(await client.unpin(['key', 'key'])).toEqual([true, true]);
      expect(await client.unpin(['key'])).toEqual([false]);
    });

    it('end by themselves', async () => {
      const { client, contract } = world;
      await client.put('key', BYTES);
      expect(await client.pin(['key'], { pinMs: 1 })).toEqual([true]);
      await eventually(async () => {
        await contract.pressure();
        return !(await client.exists(['key']))[0];
      });
    });

    it('do not keep what is deleted', async () => {
      const { client } = world;
      await client.put('key', BYTES);
      await client.pin(['key']);
      expect(await client.delete(['key'])).toEqual([true]);
      expect(await getOne(client, 'key')).toBeUndefined();
      expect(await client.unpin(['key'])).toEqual([false]);
    });
  });
}
