import { type ClientSettings, clientSettings } from '../../client/options/client-settings.js';
import { DEFAULT_PORT } from '../../client/options/client-url.js';
import { PACKAGE_VERSION } from '../../common/package-version.js';
import { WholeNumber } from '../../config/schema/setting.decorators.js';
import { type ConnectorTarget } from '../connector-definition.interface.js';
import { type ConnectorUrl, urlInvalid } from '../connector-url.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { readTls } from '../read-tls.js';
import { KvnestAccessOptions } from './kvnest-access.config.js';

/** Parameters of a `kvnest://` URL, and `options` of its tier. */
export class KvnestOptions extends KvnestAccessOptions {
  /** Connections for values, to each server; one more is for small requests. */
  @WholeNumber({ min: 1, max: 64 })
  connections = 2;

  /** How long a connection may take to be made and let in. */
  @WholeNumber({ min: 1, max: 3_600_000 })
  socket_connect_timeout_ms = 5_000;

  /** A server that was asked and says and takes nothing for so long is taken for dead. */
  @WholeNumber({ min: 1, max: 3_600_000 })
  unresponsive_ms = 5_000;
}

/** How soon after a failure a connection is tried again in the background. */
const RECONNECT = { minMs: 50, maxMs: 1_000 };
const TLS_SCHEME = 'kvnests';
const REMEDY = 'Write kvnest://token@host:7070,host:7070, or kvnests:// for TLS.';

/** @throws KV_CONFIG_INVALID */
export function readKvnestSettings(target: ConnectorTarget, env = process.env): ClientSettings {
  const { url } = target;
  const options = readConnectorOptions(KvnestOptions, target);
  const servers = readServers(url);
  const token = readToken(url, options, env);
  const settings = clientSettings(servers, {
    ...(token !== undefined && { token }),
    connections: { bulk: options.connections },
    connectTimeoutMs: options.socket_connect_timeout_ms,
    unresponsiveMs: options.unresponsive_ms,
    // The layers around a connector say how long a call may take.
    timeoutMs: 0,
    name: `kvnest/${PACKAGE_VERSION}`,
    ...(isTls(url, options) && { tls: readTls(url, options) }),
  });
  // With several, what lies on one that is gone is a miss at once.
  return { ...settings, reconnect: { ...RECONNECT, onDemand: settings.servers.length === 1 } };
}

function readServers(url: ConnectorUrl): string {
  if (url.hosts.length === 0) throw urlInvalid(url, 'names no host', REMEDY);
  if (url.path !== '' && url.path !== '/')
    throw urlInvalid(url, `has a path, and there is no "${url.path}"`, REMEDY);
  const hosts = url.hosts.map(({ host, port }) => {
    if (port === 0) throw urlInvalid(url, 'has the port 0, which is none', REMEDY);
    const name = host.includes(':') ? `[${host}]` : host;
    return `${name}:${port ?? DEFAULT_PORT}`.toLowerCase();
  });
  if (new Set(hosts).size < hosts.length) throw urlInvalid(url, 'names a server twice', REMEDY);
  return `${url.scheme}://${hosts.join(',')}`;
}

function readToken(url: ConnectorUrl, { token, token_env: name }: KvnestOptions, env: NodeJS.ProcessEnv) {
  const what = 'has a colon in front of its @';
  if (url.password !== undefined)
    throw urlInvalid(
      url,
      what,
      'There is a token and no user: write kvnest://token@host, and %3A for a colon in it.',
    );
  const ofEnvironment = name === undefined ? undefined : env[name];
  if (name !== undefined && (ofEnvironment ?? '') === '')
    throw urlInvalid(url, `needs the variable ${name}, which is not set`, 'Set it, or give the token.');
  return url.user ?? token ?? ofEnvironment;
}

function isTls({ scheme, ...url }: ConnectorUrl, options: KvnestOptions): boolean {
  const given = Object.entries(options).filter(
    ([name, value]) => name.startsWith('tls_') && value !== undefined && value !== true,
  );
  if (scheme !== TLS_SCHEME && given.length > 0)
    throw urlInvalid(
      url,
      `has the option ${given[0]?.[0] ?? ''} and speaks no TLS`,
      'Write kvnests:// for TLS.',
    );
  return scheme === TLS_SCHEME;
}
