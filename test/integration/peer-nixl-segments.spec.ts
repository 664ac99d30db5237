import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { type KvnestProcess, runKvnest } from '../support/kvnest-process.js';
import { NixlServers, nixlServerStatus } from '../support/nixl/nixl-servers.js';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';

const BYTES = chunkBytes(3_000_000, 4);
const TIMEOUT_MS = 60_000;
const BOTH = /its UCX sends TCP segments of 1m, and here 512k are taken/;

describeWithPeer(missingNixl())('a server whose UCX sends larger TCP segments than a reader takes', () => {
  const environment = ucxEnvironment('tcp,self');
  const servers = new NixlServers();
  let owner: KvnestProcess;

  beforeAll(async () => {
    owner = await servers.start({
      environment: { ...environment, UCX_TCP_TX_SEG_SIZE: '1m', UCX_TCP_RX_SEG_SIZE: '1m' },
      tier: { role: 'sender' },
      memory: '32MiB',
    });
    await (await servers.client(owner)).put('a', BYTES);
  }, TIMEOUT_MS);
  afterAll(() => servers[Symbol.asyncDispose](), TIMEOUT_MS);

  const startReader = (
    transport: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<KvnestProcess> =>
    servers.start({
      environment: { ...environment, ...more },
      tier: { role: 'receiver', transport, peers: [owner.tcpUrl] },
    });

  async function expectRead(reader: KvnestProcess): Promise<void> {
    const client = await servers.client(reader);
    let bytes: Uint8Array | undefined;
    await expectEventually(async () => (bytes = await client.get('a')) !== undefined);
    expect(BYTES.equals(bytes ?? Buffer.alloc(0))).toBe(true);
  }

  it(
    'is read over TCP from the first read on, and the log names both sizes',
    async () => {
      const reader = await startReader('auto');
      await expectRead(reader);
      expect(reader.output).toMatch(BOTH);
      const [tier] = (await nixlServerStatus(reader)).tiers;
      expect(tier?.peers?.[0]).toMatchObject({
        state: 'up',
        transport: 'tcp',
        transportReason: expect.stringMatching(BOTH) as unknown,
        counters: { failures: 0 },
      });
      const { out } = await runKvnest(['status', '--url', reader.httpUrl]);
      expect(out).toMatch(/^kvnest:\S+ +peers +tcp +\d.* up, over tcp because .*segments of 1m/m);
    },
    TIMEOUT_MS,
  );

  it(
    'is left alone by a reader that wants NIXL and nothing else, and the status page says why',
    async () => {
      const reader = await startReader('nixl');
      const [tier] = (await nixlServerStatus(reader)).tiers;
      expect(tier?.peers?.[0]).toMatchObject({
        up: false,
        transport: 'unknown',
        reason: expect.stringMatching(BOTH) as unknown,
      });
      const { out } = await runKvnest(['status', '--url', reader.httpUrl]);
      expect(out).toMatch(
        /^kvnest:\S+ +peers +unknown +\d.* down, (is left alone for \d+ ms more|is tried again now): .*segments of 1m/m,
      );
    },
    TIMEOUT_MS,
  );

  it(
    'is read over NIXL by a reader that takes as much',
    async () => {
      const reader = await startReader('nixl', { UCX_TCP_RX_SEG_SIZE: '1m' });
      await expectRead(reader);
      expect(reader.output).not.toMatch(BOTH);
    },
    TIMEOUT_MS,
  );
});
