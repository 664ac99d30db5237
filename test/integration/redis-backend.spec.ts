import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';
import { REMOTE_CAPABILITIES } from '../support/backend-capabilities.js';
import { type ManualClock } from '../support/clock.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { RedisServer } from '../support/resp-redis-server.js';

/** So far ahead of Redis that nothing expires there during a test. */
const AHEAD_MS = 3_600_000;

describeWithPeer(missingCommand('redis-server', ['--version']))('A tier over a real Redis', () => {
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = new Redis(server.port, '127.0.0.1');
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  // Sealed chunks in a tier are those of `fs-backend.spec.ts`.
  describeStorageBackendContract('remote over redis://', {
    capabilities: { ...REMOTE_CAPABILITIES, scan: true, metadata: 'lmcache' },
    bounded: false,
    create: async (context) => {
      await admin.flushall();
      const clock = context.clock as ManualClock;
      clock.advance(Date.now() - clock.nowMs() + AHEAD_MS);
      const label = `redis://127.0.0.1:${server.port}`;
      const connector = await connectorFromUrl(label, context);
      Object.defineProperty(connector, 'capabilities', {
        value: { ...connector.capabilities, ttl: false },
      });
      const logger = Object.assign(new RecordingLogger(), { debug: () => undefined });
      return new RemoteBackend({
        arena: context.arena,
        space: context.space,
        name: 'far',
        label,
        connector,
        options: new RemoteOptions(),
        clock,
        logger,
      });
    },
  });
});
