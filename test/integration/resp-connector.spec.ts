import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type ConnectorCapabilities } from '../../src/connectors/remote-connector.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';
import { createTestRespDoor, type TestRespDoor } from '../support/resp-door.js';
import { RedisServer } from '../support/resp-redis-server.js';

const MIB = 2 ** 20;
const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');

const CAPABILITIES: Omit<ConnectorCapabilities, 'maxValueBytes' | 'maxKeyBytes'> = {
  persistent: false,
  shared: true,
  retains: true,
  batch: true,
  list: false,
  remove: true,
  ttl: false,
  metadata: 'none',
  checksum: false,
};

describe('resp:// to another kvnest', () => {
  let server: TestRespDoor;

  describeRemoteConnectorContract('resp, to the RESP door', {
    capabilities: CAPABILITIES,
    create: async (context) => {
      server = await createTestRespDoor({ arenaBytes: 48 * MIB });
      return connectorFromUrl(`resp://127.0.0.1:${server.port}`, context);
    },
    destroy: async () => {
      const left = server.references();
      await server.close();
      expect(left).toBe(0);
    },
  });

  it('signs in with the token, and is refused without', async () => {
    server = await createTestRespDoor({ token: 'secret' });
    const world = await RemoteWorld.open(`resp://:secret@127.0.0.1:${server.port}`);
    expect(await world.put({ key: KEY, bytes: chunkBytes(5_000) })).toBe('stored');
    expect(await world.close()).toBe(0);
    for (const user of ['', ':wrong@']) {
      const refused = await RemoteWorld.create(`resp://${user}127.0.0.1:${server.port}`);
      await expect(refused.connector.connect()).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
      refused.arena.close();
    }
    await server.close();
  });
});

describeWithPeer(missingCommand('redis-server', ['--version']))('resp:// to a real Redis', () => {
  let server: RedisServer;
  let admin: Redis;
  let world: RemoteWorld;

  const url = (user = ''): string => `resp://${user}127.0.0.1:${server.port}`;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = new Redis(server.port, '127.0.0.1');
    // It is killed and started again: that is no error of the test.
    admin.on('error', () => undefined);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  describeRemoteConnectorContract('resp, to Redis', {
    capabilities: CAPABILITIES,
    create: async (context) => {
      await admin.flushall();
      return connectorFromUrl(url(), context);
    },
  });

  describe('what lies there', () => {
    beforeEach(async () => {
      await admin.flushall();
      world = await RemoteWorld.open(url());
    });
    afterEach(async () => expect(await world.close()).toBe(0));

    it('is the bytes of the chunk and nothing else, under its key', async () => {
      const bytes = chunkBytes(2 * MIB + 1);
      expect(await world.put({ key: KEY, bytes, metadata: Buffer.from('lost') })).toBe('stored');
      expect(await admin.keys('*')).toEqual([KEY.toString()]);
      expectBytes((await admin.getBuffer(KEY.toString()))!, bytes);
    });

    it.each([1, 1_000, 3_000_000])(
      'is read as a chunk when another client wrote %i bytes',
      async (length) => {
        await admin.set(KEY.toString(), chunkBytes(length));
        expect(await world.connector.exists(KEY)).toBe(true);
        const read = await world.read(KEY);
        expectBytes(typeof read === 'string' ? read : read.bytes, chunkBytes(length));
      },
    );

    it('is only ever touched by the four commands', async () => {
      await admin.config('RESETSTAT');
      await world.put({ key: KEY });
      await world.read(KEY);
      await world.connector.existsMany([KEY, ChunkKey.of('none')]);
      await world.connector.remove(KEY);
      await world.connector.ping();
      await world.connector.close();
      await world.connector.connect();
      const stats = await admin.info('commandstats');
      const used = [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name]) => name);
      expect(used.filter((name) => name !== 'info' && !name!.startsWith('config')).sort()).toEqual([
        'del',
        'exists',
        'get',
        'set',
      ]);
    });

    it('is busy when Redis is full, and nothing older is left', async () => {
      await world.put({ key: KEY });
      await admin.config('SET', 'maxmemory', '1');
      expect(await world.put({ key: KEY, bytes: chunkBytes(100_000) })).toBe('busy');
      await admin.config('SET', 'maxmemory', '0');
      expect(await world.read(KEY)).toBe('miss');
    });

    it('of another type is an error of the store, and a put mends it', async () => {
      await admin.lpush(KEY.toString(), 'a list');
      await expect(world.read(KEY)).rejects.toMatchObject({ code: 'KV_REMOTE_FAILED' });
      expect(await world.put({ key: KEY })).toBe('stored');
    });

    it('is found again when Redis was killed and started', async () => {
      await world.put({ key: KEY });
      await server.restart();
      expect(await world.read(KEY)).toBe('miss');
      expect(await world.put({ key: KEY, bytes: chunkBytes(200_000) })).toBe('stored');
      expect(await world.connector.exists(KEY)).toBe(true);
    });
  });

  it('is refused with a password that is wrong, or none', async () => {
    const secured = await RedisServer.start('--requirepass', 'right');
    try {
      for (const user of ['', ':wrong@', 'nobody:right@']) {
        const refused = await RemoteWorld.create(`resp://${user}127.0.0.1:${secured.port}`);
        await expect(refused.connector.connect()).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
        refused.arena.close();
      }
      for (const user of [':right@', 'default:right@']) {
        const taken = await RemoteWorld.open(`resp://${user}127.0.0.1:${secured.port}`);
        expect(await taken.put({ key: KEY })).toBe('stored');
        expect(await taken.close()).toBe(0);
      }
    } finally {
      await secured.stop();
    }
  });
});
