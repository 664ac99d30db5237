import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../backend/backend-world.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';
import { inConnectorWorld, type RemoteConnectorContract } from './connector-world.js';

/** What only some stores can do; that an absent capability is absent is tested, too. */
export function describeConnectorOptions(contract: RemoteConnectorContract): void {
  const { remove, list, ttl, checksum } = contract.capabilities;
  describe('remove', () => {
    if (remove) describeRemove(contract);
    else describeAbsence(contract, 'remove');
  });
  describe('list', () => {
    if (list) describeList(contract);
    else describeAbsence(contract, 'list');
  });
  if (ttl) describeTtl(contract);
  if (checksum) describeChecksum(contract);
}

function describeAbsence(contract: RemoteConnectorContract, capability: 'remove' | 'list'): void {
  it('is not supported', () =>
    inConnectorWorld(contract, async ({ connector }) => {
      const call =
        capability === 'remove' ? () => connector.remove(ChunkKey.of('a')) : () => connector.list('', 10);
      expect(await errorOf(call)).toMatchObject({ code: 'KV_REMOTE_UNSUPPORTED' });
    }));
}

function describeRemove(contract: RemoteConnectorContract): void {
  it('tells whether there was something', () =>
    inConnectorWorld(contract, async (world) => {
      const key = world.key('key');
      await world.put({ key });
      expect(await world.connector.remove(key)).toBe(true);
      expect(await world.connector.remove(key)).toBe(false);
      expect(await world.read(key)).toBe('miss');
      expect(await world.connector.exists(key)).toBe(false);
    }));

  it('removes many, each answer at its place', () =>
    inConnectorWorld(contract, async (world) => {
      const [a, b, none] = [world.key('a'), world.key('b'), world.key('none')];
      for (const key of [a, b]) await world.put({ key });
      expect(await world.connector.removeMany([a, none, b])).toEqual([true, false, true]);
      expect(await world.connector.existsMany([a, b])).toEqual([false, false]);
    }));
}

function describeList(contract: RemoteConnectorContract): void {
  it.each([1, 7, 1_000])('names every chunk, in pages of %i', (count) =>
    inConnectorWorld(contract, async (world) => {
      const keys = Array.from({ length: 25 }, (_, i) => world.key(`key-${i}`));
      keys.push(ChunkKey.of('elsewhere', 9));
      const chunks = keys.map((key) => world.chunk({ key }));
      await world.connector.putMany(chunks);
      for (const chunk of chunks) chunk[Symbol.dispose]();
      const found = await world.listAll(count);
      expect([...new Set(found.map(({ id }) => id))].sort()).toEqual(keys.map(({ id }) => id).sort());
    }),
  );

  it('names nothing in an empty store', () =>
    inConnectorWorld(contract, async (world) => expect(await world.listAll(10)).toEqual([])));
}

function describeTtl(contract: RemoteConnectorContract): void {
  it('forgets a chunk at its time of expiry', () =>
    inConnectorWorld(contract, async (world) => {
      const [key, stays] = [world.key('key'), world.key('stays')];
      const expiresAtMs = world.context.clock.nowMs() + 400;
      await world.put({ key, expiresAtMs });
      await world.put({ key: stays });
      const wasThere = await world.connector.exists(key);
      expect(wasThere || world.context.clock.nowMs() >= expiresAtMs).toBe(true);
      await world.passTime(600);
      expect(await world.connector.exists(key)).toBe(false);
      expect(await world.read(key)).toBe('miss');
      expect(await world.connector.exists(stays)).toBe(true);
    }));

  it('forgets the time of expiry with a new put', () =>
    inConnectorWorld(contract, async (world) => {
      const key = world.key('key');
      await world.put({ key, expiresAtMs: world.context.clock.nowMs() + 400 });
      await world.put({ key });
      await world.passTime(600);
      expect(await world.connector.exists(key)).toBe(true);
    }));
}

function describeChecksum(contract: RemoteConnectorContract): void {
  it('finds what changed in the store, and a new put mends it', () =>
    inConnectorWorld(contract, async (world) => {
      if (contract.damage === undefined)
        throw new Error('a connector with checksums needs `damage` in its contract');
      const key = world.key('key');
      await world.put({ key, bytes: chunkBytes(50_000) });
      await contract.damage(key, world.connector);
      expect(await world.read(key)).toBe('corrupt');
      await world.put({ key, bytes: chunkBytes(50_000) });
      expectBytes(await world.read(key), chunkBytes(50_000));
    }));
}
