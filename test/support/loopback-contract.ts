import { adaptPlainConnector } from '../../src/connectors/plain-connector.adapter.js';
import { LoopbackConnector } from '../../src/connectors/loopback/loopback.connector.js';
import { type LoopbackStore } from '../../src/connectors/loopback/loopback.store.js';
import { type RemoteConnector } from '../../src/connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../src/protocols/store-key/store-key.js';
import {
  type ConnectorWorldContext,
  type RemoteConnectorContract,
} from '../contracts/remote-connector.contract.js';
import { ManualClock } from './clock.js';

/** What is around the connector under test; it must take nothing away from the contract. */
type Wrap = (loopback: RemoteConnector, context: ConnectorWorldContext) => RemoteConnector;

/** The contract of a connector over a loopback store, by a clock of its own. */
export function loopbackContract(wrap: Wrap = (loopback) => loopback): RemoteConnectorContract {
  const clock = new ManualClock();
  let store: LoopbackStore = new Map();
  return {
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
    create: (context) => {
      store = new Map();
      const { arena, space } = context;
      const plain = new LoopbackConnector(store, clock);
      return wrap(adaptPlainConnector(plain, { arena, space, label: 'loopback://test' }), context);
    },
    damage: (key) => damageEntry(store, key),
  };
}

/** Changes the last byte of a stored chunk. */
export function damageEntry(store: LoopbackStore, key: ChunkKey): void {
  const { value, expiresAtMs } = store.get(formatStoreKey(key))!;
  const damaged = Buffer.from(value);
  damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
  store.set(formatStoreKey(key), { value: damaged, expiresAtMs });
}
