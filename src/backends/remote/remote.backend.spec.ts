import {
  type BackendContext,
  describeStorageBackendContract,
} from '../../../test/contracts/storage-backend.contract.js';
import { LoopbackConnector } from '../../connectors/loopback/loopback.connector.js';
import { type LoopbackStore } from '../../connectors/loopback/loopback.store.js';
import { adaptPlainConnector } from '../../connectors/plain-connector.adapter.js';
import { type PlainConnector } from '../../connectors/plain-connector.interface.js';
import { RemoteBackend } from './remote.backend.js';
import { RemoteOptions } from './remote.config.js';

const quiet = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: () => undefined };
const label = 'loopback://test';

const capabilities = {
  persistent: false,
  shared: true,
  zeroCopy: false,
  scan: true,
  expiry: true,
  metadata: 'any',
  accounted: false,
} as const;

/** A remote tier over a store of its own, to which `limit` leaves less than it can. */
function create(limit: (plain: LoopbackConnector) => PlainConnector, { batch = false } = {}) {
  return ({ arena, space, clock }: BackendContext): RemoteBackend => {
    const store: LoopbackStore = new Map();
    const connector = adaptPlainConnector(limit(new LoopbackConnector(store, clock)), {
      arena,
      space,
      label,
    });
    Object.defineProperty(connector, 'capabilities', { value: { ...connector.capabilities, batch } });
    return new RemoteBackend({
      name: 'far',
      label,
      connector,
      options: new RemoteOptions(),
      clock,
      logger: quiet,
    });
  };
}

/** The methods that a store cannot do without, bound to this one. */
function core(plain: LoopbackConnector): PlainConnector {
  return {
    exists: (name) => plain.exists(name),
    get: (name) => plain.get(name),
    put: (name, value) => plain.put(name, value),
  };
}

describeStorageBackendContract('remote over loopback', {
  capabilities,
  bounded: false,
  create: create((plain) => plain),
});

describeStorageBackendContract('remote over a store with forms for many', {
  capabilities,
  bounded: false,
  create: create((plain) => plain, { batch: true }),
});

describeStorageBackendContract('remote over a store that cannot list and knows no expiry', {
  capabilities: { ...capabilities, scan: false, expiry: false },
  bounded: false,
  create: create((plain) => ({ ...core(plain), remove: (name) => plain.remove(name) })),
});

describeStorageBackendContract('remote over a store that cannot remove', {
  capabilities: { ...capabilities, expiry: false },
  bounded: false,
  create: create((plain) => ({ ...core(plain), list: (cursor, count) => plain.list(cursor, count) })),
});

describeStorageBackendContract('remote over a store that knows only get, put and exists', {
  capabilities: { ...capabilities, scan: false, expiry: false },
  bounded: false,
  create: create(core),
});
