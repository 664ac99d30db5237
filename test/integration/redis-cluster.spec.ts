import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { keySlot } from '../../src/connectors/redis/topology/key-slot.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { freePort } from '../support/redis-process.js';
import { underLoad } from '../support/remote-load.js';
import { RemoteWorld } from '../support/remote-world.js';
import { RedisServer } from '../support/resp-redis-server.js';
import { SeededRandom } from '../support/seeded-random.js';

const KEY = ChunkKey.of('org/model@1@0@abc@half');
/** What the README says that a user needs. */
const MAY = '+get +set +del +exists +getrange +pttl +scan +ping +select +asking +cluster|slots'.split(' ');
const IS_SOAK = process.env['KVNEST_SOAK'] !== undefined;
const [MIGRATIONS, FAILOVERS] = IS_SOAK ? [200, 16] : [8, 1];

describeWithPeer(missingCommand('redis-server', ['--version']))('redis-cluster:// with six servers', () => {
  let cluster: RedisCluster;
  let world: RemoteWorld | undefined;

  const url = (rest = '', hosts = cluster.hosts): string => `redis-cluster://${hosts}${rest}`;
  const urls = (): readonly string[] => ['lmcache', 'sealed'].map((layout) => url(`?layout=${layout}`));

  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterEach(async () => {
    const references = await world?.close();
    world = undefined;
    expect(references ?? 0).toBe(0);
  });
  afterAll(() => cluster.stop());

  describe('finding the servers', () => {
    it('agrees with Redis on the slot of any key', async () => {
      const random = new SeededRandom(20);
      const keys = Array.from({ length: 60 }, () => random.bytes(random.below(40)).toString('latin1'));
      keys.push('{a}b', 'a{b}c{d}', '{}x', 'x{', '}{', 'модель{ключ}');
      for (const key of keys) {
        const slot = await cluster.command(cluster.nodes[0]!.port, ['CLUSTER', 'KEYSLOT', key]);
        expect([key, keySlot(Buffer.from(key))]).toEqual([key, slot]);
      }
    });

    it('finds all of them through any one, and spreads chunks over them', async () => {
      world = await RemoteWorld.open(url('', `127.0.0.1:${cluster.nodes[4]!.port}`));
      for (let i = 0; i < 50; i++) await world.put({ key: ChunkKey.of(`key-${i}`) });
      for (const { port } of await cluster.masters())
        expect(await cluster.command(port, ['DBSIZE'])).toBeGreaterThan(10);
    });

    it('does without servers of the URL that are away or hang', async () => {
      const [hung, good] = [cluster.nodes[3]!, cluster.nodes[4]!];
      hung.server.suspend();
      try {
        const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${hung.port},127.0.0.1:${good.port}`;
        world = await RemoteWorld.open(url('', hosts));
        expect(await world.put({ key: KEY })).toBe('stored');
      } finally {
        hung.server.resume();
      }
    });

    it('signs in to every server', async () => {
      for (const { port } of cluster.nodes)
        await cluster.command(port, ['ACL', 'SETUSER', 'app', 'on', '>secret', '~*', ...MAY]);
      world = await RemoteWorld.open(url().replace('//', '//app:secret@'));
      expect(await world.put({ key: KEY })).toBe('stored');
      expect(await world.read(KEY)).toMatchObject({ bytes: Buffer.from('a chunk') });
      for (const { port } of await cluster.masters())
        expect(await cluster.command(port, ['CLIENT', 'LIST'])).toContain('user=app');
    });

    it('is refused with a wrong password', async () => {
      world = await RemoteWorld.create(url().replace('//', '//app:wrong@'));
      expect(await errorOf(() => world!.connector.connect())).toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    });

    it('is refused by a server that is no cluster', async () => {
      const server = await RedisServer.start();
      try {
        world = await RemoteWorld.create(url('', `127.0.0.1:${server.port}`));
        expect(await errorOf(() => world!.connector.connect())).toMatchObject({
          code: 'KV_REMOTE_REFUSED',
          message: expect.stringContaining('cluster support disabled') as unknown,
        });
      } finally {
        await server.stop();
      }
    });

    it('is unreachable without any server', async () => {
      world = await RemoteWorld.create(url('', `127.0.0.1:${await freePort()}`));
      expect(await errorOf(() => world!.connector.connect())).toMatchObject({
        code: 'KV_REMOTE_UNREACHABLE',
      });
    });
  });

  describe('following the keys', () => {
    it(
      'goes on while slots with their keys move to other servers under load, and never gives a wrong byte',
      async () => {
        const random = new SeededRandom(50);
        const stats = ['errorstat_ASK', 'errorstat_MOVED', 'cmdstat_asking'] as const;
        const before = await Promise.all(stats.map((what) => cluster.count(what)));
        await underLoad(urls(), 60, async (loads) => {
          await Promise.all(loads.map((load) => load.untilServed(100)));
          const redisKeys = loads
            .flatMap(({ keys }) => keys)
            .flatMap((key) => [
              `${key.toString()}metadata`,
              `${key.toString()}kv_bytes`,
              `kvnest:sealed:${key.toString()}`,
            ]);
          for (let i = 0; i < MIGRATIONS; i++) {
            const to = random.pick(await cluster.masters());
            const slot = keySlot(Buffer.from(random.pick(redisKeys)));
            await cluster.moveSlot(slot, to, () => loads[i % 2]!.untilServed(20));
          }
          await Promise.all(loads.map((load) => load.untilServed(100)));
        });
        const after = await Promise.all(stats.map((what) => cluster.count(what)));
        for (const [i, count] of after.entries()) expect(count).toBeGreaterThan(before[i]!);
      },
      60_000 + MIGRATIONS * 5_000,
    );

    it(
      'goes on with the replica when a master is killed under load, and never gives a wrong byte',
      async () => {
        const random = new SeededRandom(70);
        const ends = await underLoad(urls(), 80, async (loads) => {
          for (let round = 0; round < FAILOVERS; round++) {
            await Promise.all(loads.map((load) => load.untilServed(50)));
            const killed = random.pick(await cluster.masters());
            await killed.server.stop();
            await Promise.all(loads.map((load) => load.untilServed(50)));
            await expectEventually(async () => (await cluster.masters()).length === 3);
            await Promise.all(loads.map((load) => load.untilServed(50)));
            await killed.server.restart();
            await cluster.untilReplica(killed.port);
          }
        });
        for (const { kept } of ends) expect(kept).toBeGreaterThan(0);
      },
      FAILOVERS * 30_000,
    );
  });
});
