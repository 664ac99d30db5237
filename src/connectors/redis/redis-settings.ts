import { type ConnectionOptions } from 'node:tls';
import { type ConnectorTarget } from '../connector-definition.interface.js';
import { type ConnectorUrl } from '../connector-url.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { readTls } from '../read-tls.js';
import { badRedisUrl, type RedisMode, type RedisPlace, readRedisUrl } from './redis-url.js';
import { RedisOptions } from './redis.config.js';

export interface RedisCredentials {
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** URL, options and environment of a Redis tier, read into one. */
export interface RedisSettings extends Pick<RedisPlace, 'mode' | 'addresses'> {
  /** What errors and logs call the store. */
  readonly label: string;
  readonly credentials: RedisCredentials;
  /** How to sign in to the sentinels. */
  readonly sentinelCredentials: RedisCredentials;
  /** Sentinel: the name of the master. */
  readonly serviceName: string;
  readonly database: number;
  /** With these, TLS is spoken with every server. */
  readonly tls: ConnectionOptions | undefined;
  readonly connectTimeoutMs: number;
  /** Connections for values, to each server. */
  readonly connections: number;
  readonly layout: 'lmcache' | 'sealed';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** As LMCache has it. */
const DEFAULT_SERVICE_NAME = 'redismaster';
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
/** Parameters of redis-py's URLs, which are LMCache's. */
const ALIASES: Readonly<Record<string, string>> = {
  ssl_ca_certs: 'tls_ca',
  ssl_certfile: 'tls_cert',
  ssl_keyfile: 'tls_key',
};

/** @throws KV_CONFIG_INVALID */
export function readRedisSettings(target: ConnectorTarget, env: Environment = process.env): RedisSettings {
  const { extraConfig } = target;
  const url = withoutAliases(target.url);
  const valkey = url.scheme === 'valkey' ? valkeyOptions(extraConfig) : {};
  const options = readConnectorOptions(RedisOptions, { ...target, url }, valkey);
  const forced = url.scheme === 'valkey' && extraConfig['valkey_mode'] === 'cluster' ? 'cluster' : undefined;
  const place = readPlace(url, forced, options, env);
  return {
    label: url.label,
    ...place,
    credentials: readCredentials(url, options, env),
    sentinelCredentials: { user: options.sentinel_username, password: options.sentinel_password },
    tls: url.scheme === 'rediss' || options.tls === true ? readTls(url, options) : undefined,
    connectTimeoutMs:
      options.socket_connect_timeout_ms ?? readTimeout(url, place.mode, env) ?? DEFAULT_CONNECT_TIMEOUT_MS,
    connections: options.connections,
    layout: options.layout,
  };
}

function readPlace(
  url: ConnectorUrl,
  forced: RedisMode | undefined,
  options: RedisOptions,
  env: Environment,
): Pick<RedisSettings, 'mode' | 'addresses' | 'serviceName' | 'database'> {
  const { mode, addresses, serviceName: named, database = options.db ?? 0 } = readRedisUrl(url, forced);
  if (mode === 'cluster' && database > 0) throw badRedisUrl(url, 'a cluster has only database 0');
  const serviceName = options.service_name ?? named ?? env['REDIS_SERVICE_NAME'] ?? DEFAULT_SERVICE_NAME;
  return { mode, addresses, serviceName, database };
}

/** LMCache's variable for Sentinel and Cluster, in seconds. @returns milliseconds */
function readTimeout(url: ConnectorUrl, mode: RedisMode, env: Environment): number | undefined {
  const text = env['REDIS_TIMEOUT'];
  if (mode === 'standalone' || text === undefined) return undefined;
  const timeoutMs = Math.ceil(Number(text) * 1000);
  if (timeoutMs >= 1 && timeoutMs <= 3_600_000) return timeoutMs;
  throw badRedisUrl(url, `goes with REDIS_TIMEOUT=${text}, which is no number of seconds`);
}

function withoutAliases(url: ConnectorUrl): ConnectorUrl {
  const renamed = [...url.parameters].map(([name, value]): [string, string] => [
    ALIASES[name] ?? name,
    value,
  ]);
  return { ...url, parameters: new Map(renamed) };
}

function valkeyOptions(extraConfig: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { valkey_username: username, valkey_password: password, valkey_database: db } = extraConfig;
  const { tls_enable: tls, connection_timeout: seconds } = extraConfig;
  const socket_connect_timeout_ms = typeof seconds === 'number' ? Math.ceil(seconds * 1000) : seconds;
  return Object.fromEntries(
    Object.entries({ username, password, db, tls, socket_connect_timeout_ms }).filter(
      ([, value]) => value !== undefined && value !== '',
    ),
  );
}

function readCredentials(url: ConnectorUrl, options: RedisOptions, env: Environment): RedisCredentials {
  const { username, password_env: variable } = options;
  const named = variable === undefined ? undefined : env[variable];
  if (variable !== undefined && named === undefined)
    throw badRedisUrl(url, `takes its password from ${variable}, which is not in the environment`);
  const user = url.user ?? username;
  const password = url.password ?? options.password ?? named;
  if (user !== undefined && password === undefined)
    throw badRedisUrl(url, 'has a user and no password (a password alone is written :password@host)');
  return { user, password };
}
