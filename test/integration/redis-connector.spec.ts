import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../src/protocols/store-key/store-key.js';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RedisServer } from '../support/resp-redis-server.js';

describeWithPeer(missingCommand('redis-server', ['--version']))('redis:// with a real Redis', () => {
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = new Redis(server.port, '127.0.0.1');
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  describeRemoteConnectorContract('redis://, two keys as LMCache has them', {
    capabilities: {
      persistent: false,
      shared: true,
      retains: true,
      batch: true,
      list: true,
      remove: true,
      ttl: true,
      metadata: 'lmcache',
      checksum: false,
    },
    create: async (context) => {
      await admin.flushall();
      return connectorFromUrl(`redis://127.0.0.1:${server.port}`, context);
    },
  });

  describeRemoteConnectorContract('redis://, one sealed value', {
    capabilities: {
      persistent: false,
      shared: true,
      retains: true,
      batch: true,
      list: true,
      remove: true,
      ttl: true,
      metadata: 'any',
      checksum: true,
    },
    create: async (context) => {
      await admin.flushall();
      return connectorFromUrl(`redis://127.0.0.1:${server.port}/3?layout=sealed`, context);
    },
    damage: async (key: ChunkKey) => {
      const redisKey = `kvnest:sealed:${formatStoreKey(key)}`;
      await admin.select(3);
      const length = await admin.strlen(redisKey);
      const last = (await admin.getrangeBuffer(redisKey, length - 1, length - 1)).readUInt8(0);
      await admin.setrange(redisKey, length - 1, Buffer.from([last ^ 1]));
      await admin.select(0);
    },
  });
});
