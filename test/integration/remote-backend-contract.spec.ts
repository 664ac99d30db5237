import { type LoopbackConnector } from '../../src/connectors/loopback/loopback.connector.js';
import { type PlainConnector } from '../../src/connectors/plain-connector.interface.js';
import { describeStorageBackendContract } from '../contracts/storage-backend.contract.js';
import { LOOPBACK_CAPABILITIES, remoteOverLoopback } from '../support/remote-over-loopback.js';

/** The methods that a store cannot do without, bound to this one. */
function core(plain: LoopbackConnector): PlainConnector {
  return {
    exists: (name) => plain.exists(name),
    get: (name) => plain.get(name),
    put: (name, value) => plain.put(name, value),
  };
}

describeStorageBackendContract('remote over a store that cannot list and knows no expiry', {
  capabilities: { ...LOOPBACK_CAPABILITIES, scan: false, expiry: false },
  bounded: false,
  create: remoteOverLoopback((plain) => ({ ...core(plain), remove: (name) => plain.remove(name) })),
});

describeStorageBackendContract('remote over a store that cannot remove', {
  capabilities: { ...LOOPBACK_CAPABILITIES, expiry: false },
  bounded: false,
  create: remoteOverLoopback((plain) => ({
    ...core(plain),
    list: (cursor, count) => plain.list(cursor, count),
  })),
});

describeStorageBackendContract('remote over a store that knows only get, put and exists', {
  capabilities: { ...LOOPBACK_CAPABILITIES, scan: false, expiry: false },
  bounded: false,
  create: remoteOverLoopback(core),
});
