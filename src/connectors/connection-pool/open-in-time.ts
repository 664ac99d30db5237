import { remoteAborted, remoteTimeout } from '../connector-errors.js';
import { type PooledConnection } from './connection-pool.js';

export interface OpenOptions {
  /** What errors call the store. */
  readonly label: string;
  /** How long it may take until the connection is ready. */
  readonly connectTimeoutMs: number;
}

/**
 * Waits until a new connection is ready, and ends it when it is not in time, or nobody waits any more.
 *
 * @throws what `ready` throws, KV_REMOTE_TIMEOUT or KV_REMOTE_ABORTED.
 */
export async function openInTime<Connection extends PooledConnection>(
  connection: Connection,
  ready: (connection: Connection) => Promise<void>,
  { label, connectTimeoutMs }: OpenOptions,
  signal?: AbortSignal,
): Promise<Connection> {
  const giveUp = (): void => connection.destroy(remoteAborted(label));
  const onTimeout = (): void => connection.destroy(remoteTimeout(label, 'connect', connectTimeoutMs));
  const timer = setTimeout(onTimeout, connectTimeoutMs);
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted === true) giveUp();
  try {
    await ready(connection);
    return connection;
  } catch (error) {
    connection.destroy(error as Error);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}
