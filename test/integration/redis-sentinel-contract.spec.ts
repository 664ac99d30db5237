import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { describeRedisContract } from '../support/redis-contract.js';
import { RedisSentinelSet } from '../support/redis-sentinel-set.js';

describeWithPeer(missingCommand('redis-server', ['--version']))('redis-sentinel:// with a real set', () => {
  let set: RedisSentinelSet;
  let admin: Redis;

  beforeAll(async () => {
    set = await RedisSentinelSet.start();
    admin = new Redis(await set.masterPort(), '127.0.0.1');
  });
  afterAll(async () => {
    admin.disconnect();
    await set.stop();
  });

  describeRedisContract('redis-sentinel://', {
    url: (layout) => `redis-sentinel://${set.hosts}/${set.service}?${layout}`,
    admin: () => admin,
    layouts: ['lmcache'],
  });
});
