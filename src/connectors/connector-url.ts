import { KvError } from '../common/errors/kv-error.js';
import { redactUrl } from '../config/redact-config.js';

export interface HostPort {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  /** Undefined: the default of the scheme. */
  readonly port: number | undefined;
}

/** A URL of a store, taken apart. Unlike the web's, it may name several hosts: `scheme://h1:1,h2:2/path?a=b`. */
export interface ConnectorUrl {
  /** As it was given. It may hold a password: logs take `label`. */
  readonly text: string;
  /** Without user, password and parameters: for logs and errors. */
  readonly label: string;
  /** In lower case. */
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly hosts: readonly HostPort[];
  /** What follows the hosts, with its slash; empty when there is nothing. Percent signs are decoded. */
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** With the underscore, which LMCache's names of plugins have. */
const SCHEME = /^([a-z][a-z0-9+._-]*):\/\/(.*)$/is;
const PARTS = /^([^/?]*)([^?]*)(?:\?(.*))?$/s;
const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:@\s[\]]+))(?::(\d{1,5}))?$/i;

const ESCAPES = 'in a password, write %2F for / and %3F for ?';

/** @throws KV_CONFIG_INVALID */
export function parseConnectorUrl(text: string): ConnectorUrl {
  const [, scheme, rest] = SCHEME.exec(text.trim()) ?? [];
  if (scheme === undefined || rest === undefined) throw invalid(text, 'has no scheme such as redis://');
  const [, authority = '', path = '', query = ''] = PARTS.exec(rest) ?? [];
  const at = authority.lastIndexOf('@');
  refuseSplitPassword(text, authority, path);
  const hosts = authority.slice(at + 1);
  const [user, password] = at === -1 ? [undefined, undefined] : splitUser(text, authority.slice(0, at));
  return {
    text,
    label: `${scheme.toLowerCase()}://${hosts}${path}`,
    scheme: scheme.toLowerCase(),
    user,
    password,
    hosts: hosts === '' ? [] : hosts.split(',').map((host) => parseHost(text, host)),
    path: decode(text, path),
    parameters: new Map(new URLSearchParams(query)),
  };
}

/** What looks like a host with a port is a user with the beginning of a password when an @ follows. */
function refuseSplitPassword(text: string, authority: string, path: string): void {
  if (!authority.includes('@') && /:\d+$/.test(authority) && path.includes('@'))
    throw invalid(text, `has an @ behind its path; ${ESCAPES}, and in a path %40 for @`);
}

function splitUser(text: string, userInfo: string): [string | undefined, string | undefined] {
  const colon = userInfo.indexOf(':');
  if (colon === -1) return [decode(text, userInfo), undefined];
  const user = userInfo.slice(0, colon);
  return [user === '' ? undefined : decode(text, user), decode(text, userInfo.slice(colon + 1))];
}

function parseHost(text: string, host: string): HostPort {
  const [, ipv6, name, port] = HOST.exec(host.trim()) ?? [];
  const address = ipv6 ?? name;
  if (address === undefined) throw invalid(text, `has no host where one should be; ${ESCAPES}`);
  if (Number(port ?? 0) > 65_535) throw invalid(text, `has the port ${String(port)}, which is none`);
  return { host: address, port: port === undefined ? undefined : Number(port) };
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(text, 'has a percent sign that is no escape; write %25');
  }
}

/** @param remedy how such a URL is written. */
export function urlInvalid({ label }: Pick<ConnectorUrl, 'label'>, what: string, remedy: string): KvError {
  return new KvError('KV_CONFIG_INVALID', `the URL "${label}" ${what}`, { kind: 'config', remedy });
}

/**
 * @param remedy how such a URL is written.
 * @returns the server of a URL that may name one, and nothing else.
 * @throws KV_CONFIG_INVALID
 */
export function onlyServer(url: ConnectorUrl, remedy: string): HostPort {
  const { hosts, path, user, password } = url;
  const [server, ...others] = hosts;
  const isPlain = others.length === 0 && (path === '' || path === '/');
  if (server !== undefined && isPlain && user === undefined && password === undefined) return server;
  throw urlInvalid(url, 'does not name one server and nothing else', remedy);
}

function invalid(text: string, what: string): KvError {
  const remedy = 'Write scheme://user:password@host:port/path?name=value.';
  return urlInvalid({ label: redactUrl(text) }, what, remedy);
}
