import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { parseConnectorUrl } from '../../src/connectors/connector-url.js';
import { readRedisSettings } from '../../src/connectors/redis/redis-settings.js';
import { SentinelTopology } from '../../src/connectors/redis/topology/sentinel.topology.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { freePort } from '../support/redis-process.js';
import { RedisSentinelSet } from '../support/redis-sentinel-set.js';
import { underLoad } from '../support/remote-load.js';
import { RemoteWorld } from '../support/remote-world.js';

const KEY = ChunkKey.of('org/model@1@0@abc@half');
const METADATA_KEY = `${KEY.toString()}metadata`;
/** What the README says that users need. */
const MAY = '+get +set +del +exists +getrange +pttl +scan +ping +select +role'.split(' ');
const MAY_WATCH = ['+sentinel|get-master-addr-by-name', '+subscribe'];
const FAILOVERS = process.env['KVNEST_SOAK'] === undefined ? 1 : 24;

describeWithPeer(missingCommand('redis-server', ['--version']))(
  'redis-sentinel:// with three sentinels',
  () => {
    let set: RedisSentinelSet;
    let world: RemoteWorld | undefined;

    const url = (rest = '', hosts = set.hosts): string => `redis-sentinel://${hosts}/${set.service}${rest}`;
    const putSoon = async (): Promise<void> => {
      await expectEventually(async () => (await world!.put({ key: KEY }).catch(() => '')) === 'stored');
    };

    beforeAll(async () => {
      set = await RedisSentinelSet.start();
    });
    afterEach(async () => {
      const references = await world?.close();
      world = undefined;
      expect(references ?? 0).toBe(0);
    });
    afterAll(() => set.stop());

    describe('finding the master', () => {
      it('writes to it, into the database of the URL', async () => {
        world = await RemoteWorld.open(url('/5'));
        expect(await world.put({ key: KEY })).toBe('stored');
        expect(await set.command(await set.masterPort(), ['INFO', 'keyspace'])).toContain('db5:keys=2');
      });

      it('signs in to the sentinels and to the servers, each with its own user', async () => {
        for (const port of set.servers.keys())
          await set.command(port, ['ACL', 'SETUSER', 'app', 'on', '>secret', '~*', ...MAY]);
        for (const port of set.sentinelPorts)
          await set.command(port, [
            'ACL',
            'SETUSER',
            'watcher',
            'on',
            '>seen',
            '&+switch-master',
            ...MAY_WATCH,
          ]);
        const credentials = 'sentinel_username=watcher&sentinel_password=seen';
        world = await RemoteWorld.open(url(`?${credentials}`).replace('//', '//app:secret@'));
        expect(await world.put({ key: KEY })).toBe('stored');
        expect(await world.read(KEY)).toMatchObject({ bytes: Buffer.from('a chunk') });
        expect(await set.command(await set.masterPort(), ['CLIENT', 'LIST'])).toContain('user=app');
        const isHeard = async (port: number): Promise<boolean> =>
          / sub=1 .*user=watcher/.test(String(await set.command(port, ['CLIENT', 'LIST'])));
        for (const port of set.sentinelPorts) await expectEventually(() => isHeard(port));
      });

      it.each([
        ['a wrong password of the servers', (): string => url().replace('//', '//app:wrong@')],
        [
          'a wrong password of the sentinels',
          (): string => url('?sentinel_username=watcher&sentinel_password=x'),
        ],
        ['a name that no sentinel knows', (): string => `redis-sentinel://${set.hosts}/nobody`],
      ])('is refused with %s', async (_, wrong) => {
        world = await RemoteWorld.create(wrong());
        expect(await errorOf(() => world!.connector.connect())).toMatchObject({
          code: 'KV_REMOTE_REFUSED',
          kind: 'config',
        });
      });

      it('takes no server that is a replica, whoever names it', async () => {
        const [sentinel] = set.sentinelPorts;
        const master = await set.masterPort();
        const replica = [...set.servers.keys()].find((port) => port !== master);
        await set.command(sentinel!, ['SENTINEL', 'MONITOR', 'stale', '127.0.0.1', replica!, 3]);
        try {
          world = await RemoteWorld.create(`redis-sentinel://127.0.0.1:${sentinel}/stale`);
          const error = await errorOf(() => world!.connector.connect());
          expect(error).toMatchObject({ code: 'KV_REMOTE_FAILED', retryable: true });
        } finally {
          await set.command(sentinel!, ['SENTINEL', 'REMOVE', 'stale']);
        }
      });

      it('does without sentinels that are away or hang', async () => {
        const [hung, good] = set.sentinelPorts;
        set.sentinels.get(hung!)!.suspend();
        try {
          const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${hung},127.0.0.1:${good}`;
          world = await RemoteWorld.open(url('', hosts));
          expect(await world.put({ key: KEY })).toBe('stored');
        } finally {
          set.sentinels.get(hung!)!.resume();
        }
      });

      it('is unreachable without any sentinel', async () => {
        world = await RemoteWorld.create(url('', `127.0.0.1:${await freePort()}`));
        expect(await errorOf(() => world!.connector.connect())).toMatchObject({
          code: 'KV_REMOTE_UNREACHABLE',
        });
      });
    });

    describe('following the master', () => {
      it('hears of a new one without asking, and says so once', async () => {
        const logger = new RecordingLogger();
        const settings = readRedisSettings({
          tier: 'far',
          url: parseConnectorUrl(url()),
          options: {},
          extraConfig: {},
        });
        const topology = new SentinelTopology(settings, logger);
        await topology.open();
        try {
          const { after } = await set.orderFailover();
          await expectEventually(() => JSON.stringify(topology.servers()).includes(String(after)));
          expect(topology.servers()).toEqual([{ host: '127.0.0.1', port: after }]);
          expect(logger.lines).toHaveLength(1);
        } finally {
          await topology.close();
        }
      });

      it('looks for the new one when the old one says that it is a replica now', async () => {
        const [only] = set.sentinelPorts;
        world = await RemoteWorld.open(url('', `127.0.0.1:${only}`));
        await putSoon();
        await set.sentinels.get(only!)!.kill();
        const { before, after } = await set.orderFailover();
        expect(await errorOf(() => world!.put({ key: KEY }))).toMatchObject({
          code: 'KV_REMOTE_FAILED',
          retryable: true,
        });
        await set.restartSentinel(only!);
        await putSoon();
        expect(await set.command(before, ['INFO', 'errorstats'])).toContain('errorstat_READONLY');
        expect(await set.command(after, ['EXISTS', METADATA_KEY])).toBe(1);
      });

      it(
        'goes on with the new one when the old one is killed under load, and never gives a wrong byte',
        async () => {
          const urls = ['lmcache', 'sealed'].map((layout) => url(`?layout=${layout}`));
          const ends = await underLoad(urls, 40, async (loads) => {
            for (let round = 0; round < FAILOVERS; round++) {
              await Promise.all(loads.map((load) => load.untilServed(50)));
              const killed = await set.masterPort();
              await set.servers.get(killed)!.stop();
              await Promise.all(loads.map((load) => load.untilServed(50)));
              await set.masterPort(killed);
              await set.servers.get(killed)!.restart();
              await set.untilReplica(killed);
            }
          });
          for (const { kept } of ends) expect(kept).toBeGreaterThan(0);
        },
        FAILOVERS * 30_000,
      );
    });
  },
);
