import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { expectEventually } from '../support/eventually.js';
import { KvnestProcess, writeConfig } from '../support/kvnest-process.js';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';
import { RespTestClient } from '../support/resp-client.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;

describeWithPeer(missingNixl())('two servers with the real NIXL', () => {
  const random = new SeededRandom(3);
  const after: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const step of after.splice(0).reverse()) await step();
  });

  async function start(
    tier: Readonly<Record<string, unknown>>,
    environment: Readonly<Record<string, string>>,
    port = 0,
  ): Promise<KvnestProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-peer-nixl-'));
    after.push(() => rm(folder, { recursive: true }));
    const config = await writeConfig(folder, {
      doors: { http: { port: 0 }, resp: { port: 0 }, lm: false, tcp: { port }, nest: false },
      arena: { capacity: '128MiB' },
      tiers: [
        { name: 'memory', type: 'memory', capacity: '64MiB' },
        { name: 'peers', type: 'nixl', options: tier },
      ],
    });
    const server = await KvnestProcess.start(config, { env: environment });
    after.push(() => server[Symbol.asyncDispose]());
    return server;
  }

  async function client(server: KvnestProcess): Promise<RespTestClient> {
    const opened = await RespTestClient.open(server.respPort);
    after.push(() => {
      opened[Symbol.dispose]();
      return Promise.resolve();
    });
    return opened;
  }

  async function doorCounters(server: KvnestProcess): Promise<Readonly<Record<string, number>>> {
    const response = await fetch(`${server.httpUrl}/v1/status`);
    const { doors } = (await response.json()) as {
      doors: readonly { name: string; counters: Record<string, number> }[];
    };
    return doors.find(({ name }) => name === 'tcp')?.counters ?? {};
  }

  describe.each([['tcp,self'], [undefined]])('UCX_TLS=%s', (tls) => {
    const environment = ucxEnvironment(tls);

    it('one reads chunks of the other, whole, and the other holds nothing for it afterwards', async () => {
      const owner = await start({ role: 'sender' }, environment);
      const reader = await start({ role: 'receiver', peers: [owner.tcpUrl] }, environment);
      await expectEventually(() => reader.output.includes('is read over NIXL'));
      const [there, here] = [await client(owner), await client(reader)];
      for (const length of [1, 5000, 300 * KIB, 4096 * KIB]) {
        const bytes = random.bytes(length);
        await there.call('SET', `k${length}`, bytes);
        expectBytes(await here.call('GET', `k${length}`), bytes);
      }
      expect(await here.call('GET', 'nothing')).toBeNull();
      await expectEventually(async () => (await doorCounters(owner))['peer_leases_ended'] === 4);
      expect(await doorCounters(owner)).toMatchObject({ peer_leases: 4, peer_leases_expired: 0 });
    });

    it('an owner that is killed is a miss, and is read again when it is back', async () => {
      const owner = await start({ role: 'sender' }, environment);
      const { port } = new URL(owner.tcpUrl);
      const reader = await start(
        { role: 'receiver', peers: [owner.tcpUrl], max_back_off_ms: 500 },
        environment,
      );
      await expectEventually(() => reader.output.includes('is read over NIXL'));
      const bytes = random.bytes(500 * KIB);
      const here = await client(reader);
      await (await client(owner)).call('SET', 'a', bytes);
      expectBytes(await here.call('GET', 'a'), bytes);
      await owner.kill();
      expect(await here.call('GET', 'b')).toBeNull();
      const again = await start({ role: 'sender' }, environment, Number(port));
      await (await client(again)).call('SET', 'b', bytes);
      await expectEventually(async () => Buffer.isBuffer(await here.call('GET', 'b')), 20_000);
      expectBytes(await here.call('GET', 'b'), bytes);
    });
  });

  it('one without NIXL is read over TCP', async () => {
    const owner = await start({ role: 'sender', transport: 'tcp' }, ucxEnvironment());
    const reader = await start({ role: 'receiver', peers: [owner.tcpUrl] }, ucxEnvironment());
    await expectEventually(() => reader.output.includes('is read over TCP: '));
    const bytes = random.bytes(500 * KIB);
    await (await client(owner)).call('SET', 'a', bytes);
    expectBytes(await (await client(reader)).call('GET', 'a'), bytes);
    expect(await doorCounters(owner)).toMatchObject({ peer_leases: 0 });
  });
});

/** `toEqual` would look at each byte by itself. */
function expectBytes(got: unknown, bytes: Buffer): void {
  expect(Buffer.isBuffer(got) ? got.equals(bytes) : got).toBe(true);
}
