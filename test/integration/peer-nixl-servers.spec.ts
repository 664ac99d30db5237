import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type KvnestClient } from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { type KvnestProcess, runKvnest } from '../support/kvnest-process.js';
import { NixlServers, tcpDoorCounters } from '../support/nixl/nixl-servers.js';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const LENGTHS = [1, 5000, 300 * KIB, 4096 * KIB];
const TIMEOUT_MS = 60_000;

describeWithPeer(missingNixl()).each([['tcp,self'], [undefined]])(
  'servers with the real NIXL, UCX_TLS=%s',
  (tls) => {
    const random = new SeededRandom(3);
    const environment = ucxEnvironment(tls);
    const servers = new NixlServers();
    let owner: KvnestProcess;
    /** One without NIXL. */
    let plain: KvnestProcess;
    let reader: KvnestProcess;
    let here: KvnestClient;

    beforeAll(async () => {
      [owner, plain] = await Promise.all([
        servers.start({ environment, tier: { role: 'sender' }, memory: '64MiB' }),
        servers.start({ environment, tier: { role: 'sender', transport: 'tcp' }, memory: '64MiB' }),
      ]);
      const peers = [owner.tcpUrl, plain.tcpUrl];
      const tier = { role: 'receiver', peers, max_back_off_ms: 500 };
      reader = await servers.start({ environment, tier, memory: '64MiB' });
      here = await servers.client(reader);
    }, TIMEOUT_MS);
    afterAll(() => servers[Symbol.asyncDispose](), TIMEOUT_MS);

    it('say once which peer is read over NIXL, and which one is not and why', async () => {
      const lines = (): readonly string[] => reader.output.match(/kvnest:\S+ is read over .*/g) ?? [];
      await expectEventually(() => lines().length === 2);
      expect(lines()).toEqual(
        expect.arrayContaining([
          `${owner.tcpUrl} is read over NIXL`,
          expect.stringContaining(`${plain.tcpUrl} is read over TCP: `),
        ]),
      );
    });

    it('are read from whole, and hold nothing for it afterwards', async () => {
      const there = await servers.client(owner);
      for (const length of LENGTHS) {
        const bytes = random.bytes(length);
        await there.put(`k${length}`, bytes);
        expectBytes(await here.get(`k${length}`), bytes);
      }
      expect(await here.get('nothing')).toBeUndefined();
      const isOver = async (): Promise<boolean> =>
        (await tcpDoorCounters(owner))['peer_leases_ended'] === LENGTHS.length;
      await expectEventually(isOver);
      expect(await tcpDoorCounters(owner)).toMatchObject({
        peer_leases: LENGTHS.length,
        peer_leases_expired: 0,
      });
    });

    it('tell how the agent is that reads', async () => {
      const metrics = await (await fetch(`${reader.httpUrl}/metrics`)).text();
      expect(metrics).toContain('kvnest_agent_up{tier="peers"} 1');
      expect(metrics).toContain('kvnest_agent_transfer_bytes{tier="peers",state="quarantined"} 0');
      const { out } = await runKvnest(['status', '--url', reader.httpUrl]);
      expect(out).toMatch(/^NIXL 1\.5\.1 +peers +1 +0 \(0 B\) +0 \(0 B\) +up/m);
    });

    it('are read from over TCP where they have no NIXL', async () => {
      const bytes = random.bytes(500 * KIB);
      await (await servers.client(plain)).put('plain', bytes);
      expectBytes(await here.get('plain'), bytes);
      expect(await tcpDoorCounters(plain)).toMatchObject({ peer_leases: 0 });
    });

    it(
      'are a miss when they are killed, and are read from over NIXL again when they are back',
      async () => {
        const { port } = new URL(owner.tcpUrl);
        await owner.kill();
        expect(await here.get('b')).toBeUndefined();
        const options = { environment, tier: { role: 'sender' }, memory: '64MiB', port: Number(port) };
        const again = await servers.start(options);
        const bytes = random.bytes(500 * KIB);
        await (await servers.client(again)).put('b', bytes);
        await expectEventually(async () => (await here.get('b')) !== undefined, 20_000);
        expectBytes(await here.get('b'), bytes);
        expect(await tcpDoorCounters(again)).toMatchObject({ peer_leases: 1 });
      },
      TIMEOUT_MS,
    );
  },
);

/** `toEqual` would look at each byte by itself. */
function expectBytes(got: Uint8Array | undefined, bytes: Buffer): void {
  expect(got !== undefined && bytes.equals(got)).toBe(true);
}
