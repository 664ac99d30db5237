import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';
import { REMOTE_CAPABILITIES } from '../support/backend-capabilities.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { runKvnest } from '../support/kvnest-process.js';
import { describeWithPeer } from '../support/peer.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { freePort } from '../support/redis-process.js';

describeWithPeer(missingInfinistore())('A tier over a real InfiniStore server', () => {
  let server: InfinistoreServer;

  beforeAll(async () => {
    server = await InfinistoreServer.start();
  });
  afterAll(async () => {
    const isAlive = await server.isAlive();
    await server.kill();
    expect(isAlive).toBe(true);
  });

  it('is told by kvnest doctor in one line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvnest-doctor-'));
    const doctor = async (url: string, options = '{}'): Promise<string> => {
      const config = join(folder, 'kvnest.yaml');
      const tier = `{name: pool, type: remote, url: "${url}", options: ${options}}`;
      writeFileSync(config, `tiers: [{type: memory, capacity: 64MiB}, ${tier}]`);
      return (await runKvnest(['doctor', '--config', config])).out;
    };
    try {
      expect(await doctor(server.url(`layout=sealed&manage_port=${server.managePort}`))).toMatch(
        /tier pool: infinistore:\/\/\S+ \(InfiniStore, TCP protocol of 0\.2\.33 to 0\.2\.35, layout sealed, \d+ keys; round trip \d+\.\d ms\) answers/,
      );
      expect(await doctor(`infinistore://127.0.0.1:${await freePort()}`)).toContain('cannot be reached');
      await using hanging = await InfinistoreServer.start();
      hanging.suspend();
      expect(
        await doctor(hanging.url('drain_timeout_ms=500'), '{connect_timeout_ms: 200, timeout_ms: 100}'),
      ).toContain('did not answer connect within 200 ms');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const layout of ['lmcache', 'sealed'] as const) {
    describeStorageBackendContract(`remote over infinistore://, layout ${layout}`, {
      capabilities: {
        ...REMOTE_CAPABILITIES,
        scan: false,
        metadata: layout === 'sealed' ? 'any' : 'lmcache',
      },
      bounded: false,
      create: async (context) => {
        await server.purge();
        const label = server.url();
        return new RemoteBackend({
          ...context,
          name: 'far',
          label,
          connector: await connectorFromUrl(server.url(`layout=${layout}`), context),
          options: new RemoteOptions(),
          logger: Object.assign(new RecordingLogger(), { debug: () => undefined }),
        });
      },
    });
  }
});
