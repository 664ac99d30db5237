import { describeRemoteConnectorContract } from '../../../test/contracts/remote-connector.contract.js';
import { ManualClock } from '../../../test/support/clock.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { adaptPlainConnector } from '../plain-connector.adapter.js';
import { LoopbackConnector } from './loopback.connector.js';
import { type LoopbackStore } from './loopback.store.js';

const clock = new ManualClock();
let store: LoopbackStore;

describeRemoteConnectorContract('loopback', {
  capabilities: {
    persistent: false,
    shared: true,
    retains: true,
    batch: false,
    list: true,
    remove: true,
    ttl: true,
    metadata: 'any',
    checksum: true,
  },
  clock,
  passTime: (ms) => clock.advance(ms),
  create: ({ arena, space }) => {
    store = new Map();
    return adaptPlainConnector(new LoopbackConnector(store, clock), {
      arena,
      space,
      label: 'loopback://test',
    });
  },
  damage: (key) => {
    const { value, expiresAtMs } = store.get(formatStoreKey(key))!;
    const damaged = Buffer.from(value);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
    store.set(formatStoreKey(key), { value: damaged, expiresAtMs });
  },
});
