import { type KvError } from '../../common/errors/kv-error.js';
import { type ConnectorUrl, urlInvalid } from '../connector-url.js';
import { type RespAddress } from '../resp-client/resp-address.js';

export type RedisMode = 'standalone' | 'sentinel' | 'cluster';

export interface RedisPlace {
  readonly mode: RedisMode;
  /** The server; the sentinels; servers of the cluster that know the others. */
  readonly addresses: readonly [RespAddress, ...RespAddress[]];
  /** Sentinel: the name of the master. */
  readonly serviceName: string | undefined;
  readonly database: number | undefined;
}

const MODES: Readonly<Record<string, RedisMode>> = {
  'redis-sentinel': 'sentinel',
  'redis-cluster': 'cluster',
};
const PORTS: Readonly<Record<RedisMode, number>> = { standalone: 6379, sentinel: 26_379, cluster: 6379 };
const REMEDY =
  'Write redis://user:password@host:6379/0, unix:///path, redis-sentinel://h1,h2/service or redis-cluster://h1,h2.';
const LOCALHOST = { host: '127.0.0.1', port: undefined };

/**
 * `scheme://host:port/2`, `redis-sentinel://h1,h2/service/2`, `redis-cluster://h1,h2`, `unix:///path/of/socket`.
 *
 * @param forced the mode, where it is not the scheme that says it.
 * @throws KV_CONFIG_INVALID
 */
export function readRedisUrl(url: ConnectorUrl, forced?: RedisMode): RedisPlace {
  const mode = forced ?? MODES[url.scheme] ?? 'standalone';
  return { mode, addresses: readAddresses(url, mode), ...readPath(url, mode) };
}

function readAddresses(url: ConnectorUrl, mode: RedisMode): RedisPlace['addresses'] {
  if (url.scheme === 'unix') {
    if (url.hosts.length > 0 || url.path.length < 2) throw badRedisUrl(url, 'names no socket: unix:///path');
    return [{ socketPath: url.path }];
  }
  const [first = LOCALHOST, ...others] = url.hosts;
  if (mode === 'standalone' && others.length > 0)
    throw badRedisUrl(url, 'names several hosts: that is redis-sentinel:// or redis-cluster://');
  const address = ({ host, port = PORTS[mode] }: ConnectorUrl['hosts'][number]): RespAddress => ({
    host,
    port,
  });
  return [address(first), ...others.map(address)];
}

function readPath(url: ConnectorUrl, mode: RedisMode): Pick<RedisPlace, 'serviceName' | 'database'> {
  const parts = url.scheme === 'unix' ? [] : url.path.split('/').filter((part) => part !== '');
  const serviceName = mode === 'sentinel' && !/^\d+$/.test(parts[0] ?? '0') ? parts.shift() : undefined;
  const [database, ...more] = parts;
  if (more.length > 0 || (database !== undefined && !/^\d{1,7}$/.test(database)))
    throw badRedisUrl(url, `has the path ${url.path}, which is no number of a database`);
  return { serviceName, database: database === undefined ? undefined : Number(database) };
}

export function badRedisUrl(url: ConnectorUrl, what: string): KvError {
  return urlInvalid(url, what, REMEDY);
}
