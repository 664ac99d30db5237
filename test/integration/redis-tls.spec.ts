import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RedisCluster } from '../support/redis-cluster.js';
import { RedisSentinelSet } from '../support/redis-sentinel-set.js';
import { RemoteWorld } from '../support/remote-world.js';
import { RedisServer } from '../support/resp-redis-server.js';
import { makeCertificates, type TestCertificates } from '../support/tls-certificates.js';

const KEY = ChunkKey.of('org/model@1@0@abc@half');
const REFUSED = { code: 'KV_REMOTE_REFUSED', kind: 'config', retryable: false };
const missing = missingCommand('redis-server', ['--version']) ?? missingCommand('openssl', ['version']);

type Options = Readonly<Record<string, string | boolean>>;

describeWithPeer(missing)('TLS, with an authority of its own', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kvnest-tls-'));
  let ours: TestCertificates;
  let others: TestCertificates;
  let server: RedisServer;
  let world: RemoteWorld | undefined;

  const trust = ({ client }: TestCertificates = ours): Options => ({
    tls_ca: ours.authority,
    tls_cert: client.certificate,
    tls_key: client.key,
  });

  /** What comes of connecting; undefined when all is well. */
  async function connect(options: Options, { port } = server, host = '127.0.0.1'): Promise<unknown> {
    world = await RemoteWorld.create(`rediss://${host}:${port}`, { options });
    return errorOf(() => world!.connector.connect());
  }

  beforeAll(async () => {
    ours = makeCertificates(mkdtempSync(join(directory, 'ours-')));
    others = makeCertificates(mkdtempSync(join(directory, 'others-')));
    server = await RedisServer.startTls(ours, ours.server);
  });
  afterEach(async () => {
    const references = await world?.close();
    world = undefined;
    expect(references ?? 0).toBe(0);
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await server.stop();
  });

  describe('certificates', () => {
    it.each(['127.0.0.1', 'localhost'])('that are right are taken, at %s', async (host) => {
      expect(await connect(trust(), server, host)).toBeUndefined();
      const bytes = chunkBytes(3_000_000);
      expect(await world!.put({ key: KEY, bytes })).toBe('stored');
      const read = await world!.read(KEY);
      expectBytes(typeof read === 'string' ? read : read.bytes, bytes);
    });

    it.each([
      ['the server’s is of another authority', (): Options => ({ ...trust(), tls_ca: others.authority })],
      ['the server’s is of an authority that nobody named', (): Options => ({})],
      ['the server’s is for another name', (): Options => ({ ...trust(), tls_servername: 'elsewhere' })],
      ['there is none of the client', (): Options => ({ tls_ca: ours.authority })],
      ['the client’s is of another authority', (): Options => trust(others)],
    ])('are refused when %s', async (_, options) => {
      expect(await connect(options())).toMatchObject(REFUSED);
    });

    it('are refused when the server’s is of yesterday, unless any will do', async () => {
      const expired = await RedisServer.startTls(ours, ours.expired);
      try {
        expect(await connect(trust(), expired)).toMatchObject(REFUSED);
        await world?.close();
        expect(await connect({ ...trust(), tls_reject_unauthorized: false }, expired)).toBeUndefined();
      } finally {
        await expired.stop();
      }
    });

    it('are refused when the server’s is for another host, unless that name is given', async () => {
      const misnamed = await RedisServer.startTls(ours, ours.misnamed);
      try {
        expect(await connect(trust(), misnamed)).toMatchObject(REFUSED);
        await world?.close();
        expect(await connect({ ...trust(), tls_servername: 'elsewhere.example' }, misnamed)).toBeUndefined();
      } finally {
        await misnamed.stop();
      }
    });
  });

  it('is spoken with sentinels, also where they tell news, and with the master that they name', async () => {
    const set = await RedisSentinelSet.start(ours);
    try {
      const url = `redis-sentinel://${set.hosts}/${set.service}?tls=true`;
      world = await RemoteWorld.open(url, { options: trust() });
      expect(await world.put({ key: KEY })).toBe('stored');
      for (const port of set.sentinelPorts)
        await expectEventually(async () =>
          /name=kvnest.* sub=1 /.test(String(await set.command(port, ['CLIENT', 'LIST']))),
        );
    } finally {
      await set.stop();
    }
  });

  it('is spoken with all servers of a cluster', async () => {
    const cluster = await RedisCluster.start(ours);
    try {
      const url = `redis-cluster://127.0.0.1:${cluster.nodes[5]!.port}?tls=true`;
      world = await RemoteWorld.open(url, { options: trust() });
      for (let i = 0; i < 30; i++) expect(await world.put({ key: ChunkKey.of(`key-${i}`) })).toBe('stored');
      for (const { port } of await cluster.masters())
        expect(await cluster.command(port, ['DBSIZE'])).toBeGreaterThan(0);
    } finally {
      await cluster.stop();
    }
  });
});
