import { RemoteBackend } from '../../src/backends/remote/remote.backend.js';
import { RemoteOptions } from '../../src/backends/remote/remote.config.js';
import { LoopbackConnector } from '../../src/connectors/loopback/loopback.connector.js';
import { type LoopbackStore } from '../../src/connectors/loopback/loopback.store.js';
import { adaptPlainConnector } from '../../src/connectors/plain-connector.adapter.js';
import { type PlainConnector } from '../../src/connectors/plain-connector.interface.js';
import { type BackendContext } from '../contracts/storage-backend.contract.js';

const quiet = { log: () => undefined, warn: () => undefined };
const label = 'loopback://test';

/** What a remote tier over loopback says of itself. */
export const LOOPBACK_CAPABILITIES = {
  persistent: false,
  shared: true,
  zeroCopy: false,
  scan: true,
  expiry: true,
  metadata: 'any',
  accounted: false,
} as const;

/** Makes remote tiers, each over a store of its own, to which `limit` leaves less than it can. */
export function remoteOverLoopback(
  limit: (plain: LoopbackConnector) => PlainConnector,
  { batch = false, serde = 'naive' }: { readonly batch?: boolean; readonly serde?: 'naive' | 'zstd' } = {},
) {
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
      arena,
      space,
      options: Object.assign(new RemoteOptions(), { serde }),
      clock,
      logger: quiet,
    });
  };
}
