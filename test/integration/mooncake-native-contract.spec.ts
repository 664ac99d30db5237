import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { LibraryStore } from '../../src/connectors/mooncake/native/library-store.js';
import { mooncakeConnector } from '../../src/connectors/mooncake/mooncake.module.js';
import { formatStoreKey } from '../../src/protocols/store-key/store-key.js';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { FakeMooncakeLibrary, missingForLibrary } from '../support/mooncake/fake-mooncake-library.js';
import { describeWithPeer } from '../support/peer.js';

const CAPABILITIES = {
  persistent: false,
  shared: true,
  retains: true,
  batch: true,
  list: false,
  remove: true,
  ttl: false,
};

describeWithPeer(missingForLibrary())("A double of Mooncake's library", () => {
  let library: FakeMooncakeLibrary;
  let address = '';
  const before = process.env['MOONCAKE_STORE_LIBRARY'];

  beforeAll(() => {
    library = new FakeMooncakeLibrary();
  });
  afterAll(() => library[Symbol.dispose]());
  beforeEach(() => {
    process.env['MOONCAKE_STORE_LIBRARY'] = library.path;
    ({ address } = library.master());
  });
  afterEach(() => {
    if (before === undefined) delete process.env['MOONCAKE_STORE_LIBRARY'];
    else process.env['MOONCAKE_STORE_LIBRARY'] = before;
  });

  /** Changes the last byte of an object behind the back of the connector. */
  async function damage(name: string): Promise<void> {
    const settings = { library: library.path, hostname: 'h', metadataServer: 'P2PHANDSHAKE', device: '' };
    const store = await LibraryStore.open({
      label: 'raw',
      threads: 1,
      settings: { ...settings, protocol: 'tcp', master: address, replicas: 1 },
    });
    const bytes = Buffer.alloc(Number(await store.sizeOf(name)));
    await store.read(name, bytes);
    bytes[bytes.length - 1]! ^= 1;
    await store.removeMany([name]);
    await store.write(name, [bytes], undefined);
    await store.close();
  }

  for (const [parameters, metadata] of [
    ['layout=lmcache', 'lmcache'],
    ['save_chunk_meta=false', 'none'],
    ['layout=sealed', 'any'],
  ] as const) {
    describeRemoteConnectorContract(`mooncake, engine native, ${parameters}`, {
      capabilities: { ...CAPABILITIES, metadata, checksum: metadata === 'any' },
      create: (context) =>
        connectorFromUrl(`mooncakestore://${address}?engine=native&${parameters}`, context, {
          definitions: [mooncakeConnector],
        }),
      damage: (key) => damage(`kvnest:sealed:${formatStoreKey(key)}`),
    });
  }
});
