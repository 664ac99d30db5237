import { describe, expect, it } from '@jest/globals';
import { describeRemoteConnectorContract } from '../../../test/contracts/remote-connector.contract.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { BlackholeConnector } from './blackhole.connector.js';

describeRemoteConnectorContract('blackhole', {
  capabilities: {
    persistent: false,
    shared: true,
    retains: false,
    batch: false,
    list: true,
    remove: true,
    ttl: false,
    metadata: 'none',
    checksum: false,
  },
  create: () => new BlackholeConnector('blackhole://'),
});

describe('blackhole connector', () => {
  it('has nothing to remove and nothing to name', async () => {
    const connector = new BlackholeConnector('blackhole://');
    await connector.connect();
    expect(await connector.removeMany([ChunkKey.of('a')])).toEqual([false]);
    expect(await connector.list()).toEqual({ keys: [], cursor: '' });
    await connector.close();
  });
});
