import { afterAll, beforeAll } from '@jest/globals';
import { type ConnectorCapabilities } from '../../src/connectors/remote-connector.interface.js';
import { mooncakeConnector } from '../../src/connectors/mooncake/mooncake.module.js';
import { formatStoreKey } from '../../src/protocols/store-key/store-key.js';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { MooncakeCluster } from '../support/mooncake/mooncake-cluster.js';
import { missingMooncake } from '../support/mooncake/mooncake-process.js';
import { MooncakeRawClient } from '../support/mooncake/mooncake-raw-client.js';
import { describeWithPeer } from '../support/peer.js';

/** The contract is no test of time. */
const PATIENT = 'socket_connect_timeout_ms=60000';

const CAPABILITIES = {
  persistent: false,
  shared: true,
  retains: true,
  batch: true,
  list: false,
  remove: true,
  ttl: false,
} satisfies Partial<ConnectorCapabilities>;

describeWithPeer(missingMooncake())('A real Mooncake Store', () => {
  let cluster: MooncakeCluster;

  beforeAll(async () => {
    cluster = await MooncakeCluster.start({ segments: ['256MB', '256MB'] });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  for (const [parameters, metadata] of [
    ['layout=lmcache', 'lmcache'],
    ['save_chunk_meta=false', 'none'],
    ['layout=sealed', 'any'],
  ] as const) {
    describeRemoteConnectorContract(`mooncake, ${parameters}`, {
      capabilities: { ...CAPABILITIES, metadata, checksum: metadata === 'any' },
      create: async (context) => {
        await cluster.clear();
        return connectorFromUrl(cluster.url(`${PATIENT}&${parameters}`), context, {
          definitions: [mooncakeConnector],
        });
      },
      damage: async (key) => {
        using client = new MooncakeRawClient(cluster.port);
        await client.damage(`kvnest:sealed:${formatStoreKey(key)}`);
      },
    });
  }
});
