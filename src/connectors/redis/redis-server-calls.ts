import { type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { remoteTimeout } from '../connector-errors.js';
import { openRespConnection } from '../resp-client/open-resp-connection.js';
import { type RespAddress } from '../resp-client/resp-address.js';
import { type RespConnection } from '../resp-client/resp-connection.js';
import { encodeCommand } from '../resp-client/resp-request.js';
import { type RedisSettings } from './redis-settings.js';

/** In the servers' lists of clients. */
const CLIENT_NAME = 'kvnest';

/** Connects to a server that holds chunks. @throws as `openRespConnection` */
export function openServer(
  settings: RedisSettings,
  address: RespAddress,
  signal?: AbortSignal,
): Promise<RespConnection> {
  const { label, tls, connectTimeoutMs, database, credentials } = settings;
  const common = { label, tls, connectTimeoutMs, clientName: CLIENT_NAME };
  return openRespConnection({ ...common, address, database, ...credentials }, signal);
}

/** Connects to a sentinel, which holds none. @throws as `openRespConnection` */
export function openSentinel(
  settings: RedisSettings,
  address: RespAddress,
  signal?: AbortSignal,
): Promise<RespConnection> {
  const { label, tls, connectTimeoutMs, sentinelCredentials } = settings;
  const common = { label, tls, connectTimeoutMs, clientName: CLIENT_NAME };
  return openRespConnection({ ...common, address, ...sentinelCredentials }, signal);
}

/**
 * Asks one thing, over a connection that ends with the answer.
 *
 * @param connectTimeoutMs is what the answer may take, too.
 */
export async function askOnce(
  opening: Promise<RespConnection>,
  { label, connectTimeoutMs }: Pick<RedisSettings, 'label' | 'connectTimeoutMs'>,
  command: readonly [string, ...string[]],
  signal?: AbortSignal,
): Promise<RespValue> {
  const connection = await opening;
  const timer = setTimeout(
    () => connection.destroy(remoteTimeout(label, command[0], connectTimeoutMs)),
    connectTimeoutMs,
  );
  try {
    const [reply = null] = await connection.call([encodeCommand(...command)], { signal });
    return reply;
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
}
