import { afterAll, beforeAll } from '@jest/globals';
import { Cluster } from 'ioredis';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { describeRedisContract } from '../support/redis-contract.js';

describeWithPeer(missingCommand('redis-server', ['--version']))(
  'redis-cluster:// with a real cluster',
  () => {
    let cluster: RedisCluster;
    let admin: Cluster;

    beforeAll(async () => {
      cluster = await RedisCluster.start();
      admin = new Cluster([{ host: '127.0.0.1', port: cluster.nodes[0]!.port }], { lazyConnect: true });
      await admin.connect();
    });
    afterAll(async () => {
      admin.disconnect();
      await cluster.stop();
    });

    describeRedisContract('redis-cluster://', {
      url: (layout) => `redis-cluster://${cluster.hosts}?${layout}`,
      admin: () => admin,
    });
  },
);
