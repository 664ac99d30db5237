import { type ChunkAttributes } from '../../../arena/arena.interface.js';
import { encodeCommand, encodeSet, type RespArgument } from '../../resp-client/resp-request.js';
import { type RedisRequest } from './redis-layout.interface.js';

/** The longest value that a Redis takes which nobody configured otherwise (`proto-max-bulk-len`), and the longest key. */
export const MAX_REDIS_BYTES = 512 * 1024 * 1024;

/** One command whose first argument is the key. */
export function keyCommand(name: string, key: Buffer, ...args: readonly RespArgument[]): RedisRequest {
  return { key, request: [encodeCommand(name, key, ...args)], commands: 1 };
}

/** SET, which forgets the value when the chunk expires. */
export function setCommand(
  key: Buffer,
  value: readonly Uint8Array[],
  { expiresAtMs }: ChunkAttributes,
): RedisRequest {
  const expiry = expiresAtMs > 0 ? ['PXAT', String(Math.ceil(expiresAtMs))] : [];
  return { key, request: encodeSet(key, value, expiry), commands: 1 };
}

/** Several requests on their way to one server. */
export function joinRequests(requests: readonly RedisRequest[]): Pick<RedisRequest, 'request' | 'commands'> {
  return {
    request: requests.flatMap(({ request }) => request),
    commands: requests.reduce((sum, { commands }) => sum + commands, 0),
  };
}
