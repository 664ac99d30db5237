import { afterAll, beforeAll, describe } from '@jest/globals';
import { createArena } from '../../src/arena/create-arena.js';
import { startNixlAgent } from '../../src/backends/nixl/agent/start-nixl-agent.js';
import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import {
  type BackendContext,
  describeStorageBackendContract,
  type StorageBackendContract,
} from '../contracts/storage-backend.contract.js';
import { type ManualClock } from '../support/clock.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { KvnestStore, type KvnestStoreOptions } from '../support/kvnest-store.js';
import { missingNixl, NIXL_LIBRARY, ucxEnvironment } from '../support/nixl/nixl-wheel.js';
import { nixlTier } from '../support/nixl-tier.js';
import { describeWithPeer } from '../support/peer.js';
import { setRealEnvironment } from '../support/real-environment.js';

const MIB = 1024 * 1024;
/** So far ahead of the other processes that nothing expires there during a test. */
const AHEAD_MS = 3_600_000;
const PATIENT = { timeout_ms: 20_000, lookup_timeout_ms: 10_000, connect_timeout_ms: 20_000 };

const CAPABILITIES: StorageBackendContract['capabilities'] = {
  persistent: false,
  shared: true,
  zeroCopy: false,
  scan: false,
  expiry: false,
  metadata: 'any',
  stores: false,
  accounted: false,
};

let stores: readonly KvnestStore[] = [];
let writers: readonly RemoteConnector[] = [];
let turn = 0;

function startStores(options?: KvnestStoreOptions): void {
  beforeAll(async () => {
    stores = await Promise.all([KvnestStore.start(options), KvnestStore.start(options)]);
  });
  afterAll(() => Promise.all(stores.map((store) => store[Symbol.asyncDispose]())));
}

/** Of a tier over both stores, which are empty, and whose chunks the contract puts there itself. */
function contractOf(
  makeTier: (peers: readonly string[], context: BackendContext) => ReturnType<typeof nixlTier>,
): StorageBackendContract {
  return {
    capabilities: CAPABILITIES,
    bounded: false,
    create: async (context) => {
      await Promise.all(stores.map((store) => store.clear()));
      const clock = context.clock as ManualClock;
      clock.advance(Date.now() - clock.nowMs() + AHEAD_MS);
      writers = await Promise.all(stores.map(({ url }) => connectorFromUrl(url, context)));
      await Promise.all(writers.map((writer) => writer.connect()));
      return makeTier(
        stores.map(({ url }) => url),
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
  };
}

describe('peers over TCP', () => {
  startStores();
  describeStorageBackendContract(
    'nixl over TCP, with two peers',
    contractOf((peers, context) => nixlTier({ peers, transport: 'tcp', ...PATIENT }, context)),
  );
});

describeWithPeer(missingNixl()).each([['tcp,self'], [undefined]])('peers over NIXL, UCX_TLS=%s', (tls) => {
  const environment = ucxEnvironment(tls);
  beforeAll(() => setRealEnvironment({ UCX_TLS: undefined, ...environment }));
  afterAll(() =>
    setRealEnvironment({ UCX_TLS: undefined, UCX_NET_DEVICES: undefined, NIXL_CAPI_PATH: undefined }),
  );
  startStores({ environment, settings: { enable_pd: true, pd_role: 'sender' } });
  describeStorageBackendContract('nixl over the real NIXL, with two peers', {
    ...contractOf((peers, context) => {
      const { buffer: region } = context.arena;
      const startAgent = () => startNixlAgent({ region, environment: { NIXL_CAPI_PATH: NIXL_LIBRARY } });
      return nixlTier({ peers, transport: 'nixl', ...PATIENT }, { ...context, startAgent });
    }),
    createArena: () => createArena({ capacityBytes: 12 * MIB, native: true }),
  });
});
