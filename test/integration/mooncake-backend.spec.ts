import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';
import { REMOTE_CAPABILITIES } from '../support/backend-capabilities.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { runKvnest } from '../support/kvnest-process.js';
import { MooncakeCluster } from '../support/mooncake/mooncake-cluster.js';
import { missingMooncake } from '../support/mooncake/mooncake-process.js';
import { describeWithPeer } from '../support/peer.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { freePort } from '../support/redis-process.js';

describeWithPeer(missingMooncake())('A tier over a real Mooncake Store', () => {
  let cluster: MooncakeCluster;

  beforeAll(async () => {
    cluster = await MooncakeCluster.start({ segments: ['256MB', '256MB'] });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it('is told by kvnest doctor in one line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvnest-doctor-'));
    const doctor = async (url: string): Promise<string> => {
      const config = join(folder, 'kvnest.yaml');
      writeFileSync(
        config,
        `tiers: [{type: memory, capacity: 64MiB}, {name: pool, type: remote, url: "${url}"}]`,
      );
      return (await runKvnest(['doctor', '--config', config])).out;
    };
    try {
      expect(await doctor(cluster.url())).toMatch(
        /tier pool: mooncakestore:\/\/\S+ \(Mooncake 0\.3\.13, master 127\.0\.0\.1:\d+, over TCP; round trip \d+\.\d ms\) answers/,
      );
      expect(await doctor(`mooncakestore://127.0.0.1:${await freePort()}`)).toContain('cannot be reached');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  describeStorageBackendContract('remote over mooncakestore://', {
    capabilities: { ...REMOTE_CAPABILITIES, scan: false, metadata: 'any' },
    bounded: false,
    create: async (context) => {
      await cluster.clear();
      const label = cluster.url('layout=sealed');
      const logger = Object.assign(new RecordingLogger(), { debug: () => undefined });
      return new RemoteBackend({
        arena: context.arena,
        space: context.space,
        name: 'far',
        label,
        connector: await connectorFromUrl(label, context),
        options: new RemoteOptions(),
        clock: context.clock,
        logger,
      });
    },
  });
});
