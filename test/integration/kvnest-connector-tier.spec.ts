import { afterAll, beforeAll } from '@jest/globals';
import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';
import { REMOTE_CAPABILITIES } from '../support/backend-capabilities.js';
import { type ManualClock } from '../support/clock.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { KvnestStore } from '../support/kvnest-store.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** So far ahead of the other process that nothing expires there during a test. */
const AHEAD_MS = 3_600_000;

let store: KvnestStore;

beforeAll(async () => {
  store = await KvnestStore.start();
});
afterAll(() => store[Symbol.asyncDispose]());

describeStorageBackendContract('remote over kvnest://', {
  capabilities: { ...REMOTE_CAPABILITIES, scan: true, metadata: 'any' },
  bounded: false,
  create: async (context) => {
    await store.clear();
    const clock = context.clock as ManualClock;
    clock.advance(Date.now() - clock.nowMs() + AHEAD_MS);
    const connector = await connectorFromUrl(store.url, context);
    Object.defineProperty(connector, 'capabilities', { value: { ...connector.capabilities, ttl: false } });
    const logger = Object.assign(new RecordingLogger(), { debug: () => undefined });
    return new RemoteBackend({
      arena: context.arena,
      space: context.space,
      name: 'far',
      label: store.url,
      connector,
      options: new RemoteOptions(),
      clock,
      logger,
    });
  },
});
