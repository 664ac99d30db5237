import { type KvError } from '../../common/errors/kv-error.js';
import { Text, WholeNumber } from '../../config/schema/setting.decorators.js';
import { type ConnectorTarget } from '../connector-definition.interface.js';
import { type ConnectorUrl, urlInvalid } from '../connector-url.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { type RespAddress } from '../resp-client/resp-address.js';

/** Parameters of a `resp://` URL, and `options` of its tier. */
export class RespOptions {
  /** Connections for values; one more is for small commands. */
  @WholeNumber({ min: 1, max: 256 })
  connections = 8;

  /** How long a connection may take to be made and signed in. */
  @WholeNumber({ min: 1, max: 3_600_000 })
  socket_connect_timeout_ms = 5_000;

  @Text({ numbers: true })
  username?: string;

  @Text({ numbers: true })
  password?: string;
}

export interface RespSettings {
  readonly address: RespAddress;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/**
 * What the URL says, then the tier, then LMCache's `extra_config`, then its environment.
 *
 * @throws KV_CONFIG_INVALID
 */
export function readRespSettings(target: ConnectorTarget, env = process.env): RespSettings {
  const { url } = target;
  const { resp_num_threads: connections, ...lmcache } = target.extraConfig;
  const read = readConnectorOptions(RespOptions, target, {
    connections,
    ...given({ username: lmcache['username'], password: lmcache['password'] }),
  });
  const user = url.user ?? read.username ?? some(env['LMCACHE_RESP_USERNAME']);
  const password = url.password ?? read.password ?? some(env['LMCACHE_RESP_PASSWORD']);
  if (user !== undefined && password === undefined)
    throw invalid(url, 'has a user and no password (a password alone is written :password@host)');
  return {
    address: readAddress(url, env),
    user,
    password,
    connections: read.connections,
    connectTimeoutMs: read.socket_connect_timeout_ms,
  };
}

function readAddress(url: ConnectorUrl, env: NodeJS.ProcessEnv): RespAddress {
  const [named, ...others] = url.hosts;
  const host = named?.host ?? some(env['LMCACHE_RESP_HOST']);
  const port = named?.port ?? Number(env['LMCACHE_RESP_PORT']);
  if (others.length > 0) throw invalid(url, 'names several hosts');
  if (url.path !== '' && url.path !== '/') throw invalid(url, `has a path, and there is no "${url.path}"`);
  if (host === undefined) throw invalid(url, 'names no host, and LMCACHE_RESP_HOST is not set');
  if (port > 0) return { host, port };
  throw invalid(url, 'names no port, and LMCACHE_RESP_PORT is none');
}

/** LMCache takes an empty text for nothing. */
function some(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function given(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}

function invalid(url: ConnectorUrl, what: string): KvError {
  return urlInvalid(url, what, 'Write resp://user:password@host:port.');
}
