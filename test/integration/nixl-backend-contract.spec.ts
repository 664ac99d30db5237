import { afterAll, beforeAll } from '@jest/globals';
import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';
import { type ManualClock } from '../support/clock.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { KvnestStore } from '../support/kvnest-store.js';
import { nixlTier } from '../support/nixl-tier.js';

/** So far ahead of the other processes that nothing expires there during a test. */
const AHEAD_MS = 3_600_000;

let stores: readonly KvnestStore[] = [];
let writers: readonly RemoteConnector[] = [];
let turn = 0;

beforeAll(async () => {
  stores = await Promise.all([KvnestStore.start(), KvnestStore.start()]);
});
afterAll(() => Promise.all(stores.map((store) => store[Symbol.asyncDispose]())));

describeStorageBackendContract('nixl over TCP, with two peers', {
  capabilities: {
    persistent: false,
    shared: true,
    zeroCopy: false,
    scan: false,
    expiry: false,
    metadata: 'any',
    stores: false,
    accounted: false,
  },
  bounded: false,
  create: async (context) => {
    await Promise.all(stores.map((store) => store.clear()));
    const clock = context.clock as ManualClock;
    clock.advance(Date.now() - clock.nowMs() + AHEAD_MS);
    writers = await Promise.all(stores.map(({ url }) => connectorFromUrl(url, context)));
    await Promise.all(writers.map((writer) => writer.connect()));
    return nixlTier(
      {
        peers: stores.map(({ url }) => url),
        transport: 'tcp',
        timeout_ms: 20_000,
        lookup_timeout_ms: 10_000,
      },
      context,
    );
  },
  // Each chunk at one of the two, the next one at the other.
  seed: async (chunk) => {
    const at = turn++ % writers.length;
    await Promise.all(
      writers.map((writer, index) => (index === at ? writer.put(chunk) : writer.remove(chunk.key))),
    );
  },
  destroy: async () => {
    await Promise.all(writers.map((writer) => writer.close()));
  },
});
