import { afterAll, beforeAll, expect } from '@jest/globals';
import { type ConnectorCapabilities } from '../../src/connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../src/protocols/store-key/store-key.js';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { InfinistoreRawClient } from '../support/infinistore/infinistore-raw-client.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { describeWithPeer } from '../support/peer.js';

const CAPABILITIES = {
  persistent: false,
  shared: true,
  retains: true,
  batch: true,
  list: false,
  remove: true,
  ttl: false,
} satisfies Partial<ConnectorCapabilities>;

/** Changes the last byte of a chunk that is sealed. */
async function damageSealedChunk(port: number, key: ChunkKey): Promise<void> {
  using client = await InfinistoreRawClient.connect(port);
  const pointer = (await client.get(`kvnest:sealed:${formatStoreKey(key)}`)) as Buffer;
  const id = pointer.subarray(-16).toString('hex');
  const value = (await client.get(`kvnest:value:${id}`)) as Buffer;
  const last = pointer.readUInt32LE(8) - 1;
  value.writeUInt8(value.readUInt8(last) ^ 1, last);
  await client.put(`kvnest:value:${id}`, value);
}

describeWithPeer(missingInfinistore())('A real InfiniStore server', () => {
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
    const isSealed = layout === 'sealed';
    describeRemoteConnectorContract(`infinistore, layout ${layout}`, {
      capabilities: { ...CAPABILITIES, metadata: isSealed ? 'any' : 'lmcache', checksum: isSealed },
      create: async (context) => {
        await server.purge();
        return connectorFromUrl(server.url(`layout=${layout}`), context);
      },
      damage: (key) => damageSealedChunk(server.port, key),
    });
  }
});
