import { ConnectionPool } from '../connection-pool/connection-pool.js';
import { openInTime } from '../connection-pool/open-in-time.js';
import { type LmAddress, LmConnection } from './lm-connection.js';

export interface LmPoolOptions extends LmAddress {
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/** Connections to one server, each with one request on its way. */
export type LmPool = ConnectionPool<LmConnection>;

export function openLmPool(options: LmPoolOptions): LmPool {
  const { label, connections } = options;
  const ready = ({ connected }: LmConnection): Promise<void> => connected;
  return new ConnectionPool({
    label,
    connections,
    open: (signal) => openInTime(new LmConnection(options), ready, options, signal),
  });
}
