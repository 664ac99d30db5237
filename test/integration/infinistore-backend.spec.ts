import { afterAll, beforeAll, expect } from '@jest/globals';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { describeWithPeer } from '../support/peer.js';
import { RecordingLogger } from '../support/recording-logger.js';

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

  for (const layout of ['lmcache', 'sealed'] as const) {
    describeStorageBackendContract(`remote over infinistore://, layout ${layout}`, {
      capabilities: {
        persistent: false,
        shared: true,
        zeroCopy: false,
        scan: false,
        expiry: false,
        metadata: layout === 'sealed' ? 'any' : 'lmcache',
        accounted: false,
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
