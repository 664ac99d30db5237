import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { type KvnestProcess } from '../support/kvnest-process.js';
import { NixlServers, nixlServerStatus } from '../support/nixl/nixl-servers.js';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { makeCertificates, type TestCertificates } from '../support/tls-certificates.js';

const TOKEN = 'secret';
const LENGTH_BYTES = 300_000;
const TIMEOUT_MS = 60_000;
const missing = missingNixl() ?? missingCommand('openssl', ['version']);

describeWithPeer(missing)('a server that is read from over NIXL, and spoken to over TLS', () => {
  const environment = ucxEnvironment();
  const servers = new NixlServers();
  const bytes = chunkBytes(LENGTH_BYTES, 6);
  let folder: string;
  let certificates: TestCertificates;
  /** Signs nothing here. */
  let stranger: TestCertificates;
  let owner: KvnestProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-peer-tls-'));
    certificates = makeCertificates(await mkdtemp(join(folder, 'ours-')));
    stranger = makeCertificates(await mkdtemp(join(folder, 'others-')));
    const { certificate: tls_cert, key: tls_key } = certificates.server;
    owner = await servers.start({
      environment,
      tier: { role: 'sender' },
      memory: '32MiB',
      tcp: { tls_cert, tls_key },
      settings: { auth: { token: TOKEN } },
    });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const stored = await fetch(`${owner.httpUrl}/v1/objects/a`, { method: 'PUT', body: bytes, headers });
    expect(stored.ok).toBe(true);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await servers[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }, TIMEOUT_MS);

  async function startReader(
    tier: Readonly<Record<string, unknown>>,
    url = owner.tcpUrl,
  ): Promise<KvnestProcess> {
    const options = { role: 'receiver', transport: 'nixl', peers: [url], max_back_off_ms: 500 };
    return servers.start({ environment, tier: { ...options, ...tier } });
  }

  const read = ({ httpUrl }: KvnestProcess): Promise<Response> => fetch(`${httpUrl}/v1/objects/a`);

  it(
    'is read from by who trusts its authority and has the token',
    async () => {
      expect(owner.tcpUrl).toMatch(/^kvnests:/);
      const reader = await startReader({ token: TOKEN, tls_ca: certificates.authority });
      await expectEventually(async () => (await nixlServerStatus(reader)).tiers[0]?.peers?.[0]?.up === true);
      const answer = await read(reader);
      expect(bytes.equals(Buffer.from(await answer.arrayBuffer()))).toBe(true);
      const [tier] = (await nixlServerStatus(reader)).tiers;
      expect(tier?.peers).toMatchObject([{ name: owner.tcpUrl, transport: 'nixl', counters: { hits: 1 } }]);
      expect(tier?.agent).toMatchObject({ up: true, peers: 1, quarantined: { transfers: 0 } });
    },
    TIMEOUT_MS,
  );

  it.each<[string, () => Promise<KvnestProcess>, RegExp]>([
    [
      'trusts another authority',
      () => startReader({ token: TOKEN, tls_ca: stranger.authority }),
      /certificate/i,
    ],
    ['trusts nobody in particular', () => startReader({ token: TOKEN }), /certificate/i],
    [
      'has another token',
      () => startReader({ token: 'wrong', tls_ca: certificates.authority }),
      /token|refused/i,
    ],
    ['speaks no TLS', () => startReader({ token: TOKEN }, owner.tcpUrl.replace('kvnests:', 'kvnest:')), /./],
  ])(
    'tells nothing of its memory to one that %s',
    async (_, start, reason) => {
      const reader = await start();
      expect((await read(reader)).status).toBe(404);
      const [tier] = (await nixlServerStatus(reader)).tiers;
      expect(tier?.peers).toMatchObject([
        { up: false, state: 'down', reason: expect.stringMatching(reason) },
      ]);
      expect(tier?.agent).toMatchObject({ up: true, peers: 0 });
      expect(tier?.peers?.[0]?.reason).not.toContain(TOKEN);
    },
    TIMEOUT_MS,
  );
});
