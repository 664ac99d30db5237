import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { describeRedisContract } from '../support/redis-contract.js';
import { RedisServer } from '../support/resp-redis-server.js';
import { clientOptions, makeCertificates, type TestCertificates } from '../support/tls-certificates.js';

const missing = missingCommand('redis-server', ['--version']) ?? missingCommand('openssl', ['version']);

describeWithPeer(missing)('rediss:// with a real Redis', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kvnest-tls-'));
  let certificates: TestCertificates;
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    certificates = makeCertificates(directory);
    server = await RedisServer.startTls(certificates, certificates.server);
    admin = new Redis(server.port, '127.0.0.1', { tls: clientOptions(certificates) });
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    admin.disconnect();
    await server.stop();
  });

  describeRedisContract('rediss://', {
    url: (layout) => `rediss://localhost:${server.port}?${layout}`,
    admin: () => admin,
    options: () => ({
      tls_ca: certificates.authority,
      tls_cert: certificates.client.certificate,
      tls_key: certificates.client.key,
    }),
  });
});
