import { type Cluster, type Redis } from 'ioredis';
import { type ConnectorCapabilities } from '../../src/connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../src/protocols/store-key/store-key.js';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from './connector-from-url.js';

export interface RedisUnderContract {
  /** @param layout the parameter that chooses it. */
  readonly url: (layout: string) => string;
  /** To look and to meddle with what the connector stores. */
  readonly admin: () => Redis | Cluster;
  readonly options?: () => Readonly<Record<string, unknown>>;
  /** Default: both. One is enough where the way to the server is like another's. */
  readonly layouts?: readonly ('lmcache' | 'sealed')[];
}

const LAYOUTS = ['lmcache', 'sealed'] as const;

const CAPABILITIES = {
  persistent: false,
  shared: true,
  retains: true,
  batch: true,
  list: true,
  remove: true,
  ttl: true,
} satisfies Partial<ConnectorCapabilities>;

/** The contract of a connector, with both layouts, over Redis servers of any kind. */
export function describeRedisContract(
  name: string,
  { url, admin, options, layouts = LAYOUTS }: RedisUnderContract,
): void {
  for (const layout of layouts) {
    describeRemoteConnectorContract(`${name}, layout ${layout}`, {
      capabilities: {
        ...CAPABILITIES,
        metadata: layout === 'sealed' ? 'any' : 'lmcache',
        checksum: layout === 'sealed',
      },
      create: async (context) => {
        await flush(admin());
        return connectorFromUrl(url(`layout=${layout}`), context, { options: options?.() ?? {} });
      },
      damage: (key) => damageSealedChunk(admin(), key),
    });
  }
}

async function flush(client: Redis | Cluster): Promise<void> {
  const servers = client.isCluster ? (client as Cluster).nodes('master') : [client];
  await Promise.all(servers.map((server) => server.flushall()));
}

/** Changes the last byte of a chunk that lies in one sealed value. */
async function damageSealedChunk(client: Redis | Cluster, key: ChunkKey): Promise<void> {
  const redisKey = `kvnest:sealed:${formatStoreKey(key)}`;
  const last = (await client.strlen(redisKey)) - 1;
  const byte = (await client.getrangeBuffer(redisKey, last, last)).readUInt8(0);
  await client.setrange(redisKey, last, Buffer.from([byte ^ 1]));
}
