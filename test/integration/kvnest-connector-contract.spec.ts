import { afterAll, beforeAll } from '@jest/globals';
import { describeRemoteConnectorContract } from '../contracts/remote-connector.contract.js';
import { connectorFromUrl } from '../support/connector-from-url.js';
import { KvnestStore } from '../support/kvnest-store.js';

let store: KvnestStore;

beforeAll(async () => {
  store = await KvnestStore.start();
});
afterAll(() => store[Symbol.asyncDispose]());

describeRemoteConnectorContract('kvnest, to a kvnest in another process', {
  capabilities: {
    persistent: false,
    shared: true,
    retains: true,
    batch: true,
    list: true,
    remove: true,
    ttl: true,
    metadata: 'any',
    checksum: true,
  },
  create: async (context) => {
    await store.clear();
    return connectorFromUrl(store.url, context);
  },
  damage: (key) => store.damage(key),
});
