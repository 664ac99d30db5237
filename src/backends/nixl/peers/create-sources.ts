import { hostname } from 'node:os';
import { isIP } from 'node:net';
import { type KvnestConfig } from '../../../config/kvnest-config.interface.js';
import { type ConnectorUrl, parseConnectorUrl, urlInvalid } from '../../../connectors/connector-url.js';
import { readTls } from '../../../connectors/read-tls.js';
import { DnsSource } from './dns.source.js';
import { ListedSource } from './listed.source.js';
import { type PeerDefaults, peerAddress } from './peer-address.js';
import { type PeerLogger, type PeerSource } from './peer-source.interface.js';
import { RedisSource } from './redis.source.js';
import { type RegistryEntry } from './registry-entry.js';

export interface SourcesContext extends PeerDefaults {
  readonly doors: KvnestConfig['doors'];
  readonly bootId: string;
  readonly logger: PeerLogger;
}

const REMEDY =
  'Write kvnest://host:7070, dns+kvnest://name:7070 for all addresses of a name, or redis://host:6379 for a registry.';
const REDIS_PORT = 6379;
const ANY_HOST = new Set(['0.0.0.0', '::', '']);

type Create = (url: ConnectorUrl, context: SourcesContext) => PeerSource;

const BY_SCHEME: Readonly<Record<string, Create>> = {
  kvnest: listed,
  kvnests: listed,
  'dns+kvnest': byName,
  'dns+kvnests': byName,
  redis: registry,
  rediss: registry,
};

/** What `peers` of a tier stand for. @throws KV_CONFIG_INVALID */
export function createSources(context: SourcesContext): readonly PeerSource[] {
  return context.options.peers.map((text) => {
    const url = parseConnectorUrl(text);
    const create = BY_SCHEME[url.scheme];
    if (create === undefined)
      throw urlInvalid(url, `has the scheme ${url.scheme}, by which no peers are found`, REMEDY);
    if (url.hosts.length === 0) throw urlInvalid(url, 'names no host', REMEDY);
    return create(url, context);
  });
}

function listed(url: ConnectorUrl, context: SourcesContext): PeerSource {
  refusePath(url);
  return new ListedSource(url.hosts.map((place) => peerAddress(context, url, place)));
}

function byName(given: ConnectorUrl, context: SourcesContext): PeerSource {
  refusePath(given);
  const url = { ...given, scheme: given.scheme.replace('dns+', '') };
  const [{ host, port } = { host: '', port: undefined }, ...others] = given.hosts;
  if (others.length > 0)
    throw urlInvalid(given, 'names several hosts; give each an entry of its own', REMEDY);
  const addressOf = (ip: string) => peerAddress(context, url, { host: ip, port }, host);
  addressOf('127.0.0.1');
  const { tier, options, logger } = context;
  return new DnsSource({ what: `Tier "${tier}"`, host, everyMs: options.resolve_ms, addressOf, logger });
}

function registry(url: ConnectorUrl, context: SourcesContext): PeerSource {
  const { tier, options, bootId, logger } = context;
  const [place, ...others] = url.hosts;
  const db = /^\/?(\d{0,7})\/?$/.exec(url.path)?.[1];
  if (place === undefined || others.length > 0)
    throw urlInvalid(url, 'names several hosts; a registry is one server', REMEDY);
  if (db === undefined)
    throw urlInvalid(url, `has the path ${url.path}, which is no number of a database`, REMEDY);
  const { host, port = REDIS_PORT } = place;
  const named = isIP(host) === 0 ? { servername: host } : {};
  return new RedisSource({
    what: `Tier "${tier}"`,
    label: url.label,
    server: {
      host,
      port,
      db: Number(db),
      ...(url.user !== undefined && { username: url.user }),
      ...(url.password !== undefined && { password: url.password }),
      ...(url.scheme === 'rediss' && { tls: { ...readTls(url, options), ...named } }),
    },
    key: options.registry_key,
    heartbeatMs: options.heartbeat_ms,
    timeoutMs: options.connect_timeout_ms,
    self: options.role === 'receiver' ? undefined : selfEntry(url, context),
    bootId,
    addressOf: (peer) => {
      const [at = { host: '', port: undefined }] = peer.hosts;
      return peerAddress(context, peer, at);
    },
    logger,
  });
}

/** How others reach this server. @throws KV_CONFIG_INVALID where nobody knows. */
function selfEntry(url: ConnectorUrl, { options, doors, bootId }: SourcesContext): RegistryEntry {
  if (options.advertise !== undefined) {
    const given = parseConnectorUrl(options.advertise);
    const isOne = /^kvnests?$/.test(given.scheme) && given.hosts.length === 1 && given.label === given.text;
    if (!isOne)
      throw urlInvalid(given, 'is no address of this server', 'Write advertise: kvnest://host:7070.');
    return { url: given.label, bootId };
  }
  const { tcp } = doors;
  if (tcp === false || tcp.port === 0)
    throw urlInvalid(
      url,
      'is to be told where this server is, and its TCP door is shut or on any free port',
      'Give doors.tcp a port, or the tier the option advertise: kvnest://host:port.',
    );
  const host = ANY_HOST.has(tcp.host) ? hostname() : tcp.host;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `${tcp.tls === undefined ? 'kvnest' : 'kvnests'}://${name}:${tcp.port}`, bootId };
}

function refusePath(url: ConnectorUrl): void {
  if (url.path !== '' && url.path !== '/')
    throw urlInvalid(url, `has a path, and there is no "${url.path}"`, REMEDY);
}
