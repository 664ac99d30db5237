import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { describeRedisContract } from '../support/redis-contract.js';
import { RemoteWorld } from '../support/remote-world.js';
import { RedisServer } from '../support/resp-redis-server.js';

const KEY = ChunkKey.of('org/model@1@0@abc@half');

describeWithPeer(missingCommand('redis-server', ['--version']))('unix:// with a real Redis', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kvnest-unix-'));
  const path = join(directory, 'redis.sock');
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    server = await RedisServer.startUnix(path);
    admin = new Redis(path);
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    admin.disconnect();
    await server.stop();
  });

  describeRedisContract('unix://', {
    url: (layout) => `unix://${path}?${layout}`,
    admin: () => admin,
    layouts: ['sealed'],
  });

  it('uses the database and the user that the URL names', async () => {
    await admin.flushall();
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all');
    const world = await RemoteWorld.open(`unix://app:secret@${path}?db=4`);
    await world.put({ key: KEY });
    expect(await admin.info('keyspace')).toContain('db4:keys=2');
    expect(await world.close()).toBe(0);
  });

  it('is refused where the user may not have the keys', async () => {
    await admin.call('ACL', 'SETUSER', 'stranger', 'on', '>secret', '~elsewhere:*', '+@all');
    const world = await RemoteWorld.open(`unix://stranger:secret@${path}`);
    const refused = { code: 'KV_REMOTE_REFUSED', kind: 'config' };
    expect(await errorOf(() => world.put({ key: KEY }))).toMatchObject(refused);
    expect(await errorOf(() => world.connector.get(KEY))).toMatchObject(refused);
    expect(await errorOf(() => world.connector.exists(KEY))).toMatchObject(refused);
    expect(await world.close()).toBe(0);
  });
});
