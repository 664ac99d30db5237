import { describeRemoteConnectorContract } from '../../test/contracts/remote-connector.contract.js';
import { ManualClock } from '../../test/support/clock.js';
import { LoopbackConnector } from '../connectors/loopback/loopback.connector.js';
import { type LoopbackStore } from '../connectors/loopback/loopback.store.js';
import { adaptPlainConnector } from '../connectors/plain-connector.adapter.js';
import { formatStoreKey } from '../protocols/store-key/store-key.js';
import { EVERY_LAYER, type MakeLayers } from '../../test/support/every-layer.js';
import { layeredConnector } from './layered-connector.js';

const clock = new ManualClock();

/** The whole contract of connectors, through these layers. */
function describeThrough(name: string, layers: MakeLayers): void {
  let store: LoopbackStore;
  describeRemoteConnectorContract(`loopback in ${name}`, {
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
      const plain = new LoopbackConnector(store, clock);
      return layeredConnector(
        adaptPlainConnector(plain, { arena, space, label: 'loopback://test' }),
        layers(),
      );
    },
    damage: (key) => {
      const { value, expiresAtMs } = store.get(formatStoreKey(key))!;
      const damaged = Buffer.from(value);
      damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
      store.set(formatStoreKey(key), { value: damaged, expiresAtMs });
    },
  });
}

for (const { name, make } of EVERY_LAYER) describeThrough(name, make);
