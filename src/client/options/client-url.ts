import { clientUrl } from '../client-errors.js';

/** Where one server listens. */
export interface ServerAddress {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** `host:port`: what keys are placed by, and what errors and `status()` call the server. */
  readonly name: string;
}

/** What a URL may say of a client; what it does not say is undefined. */
export interface ClientUrl {
  readonly isTls: boolean;
  readonly token: string | undefined;
  readonly servers: readonly ServerAddress[];
  readonly model: string | undefined;
  readonly namespace: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly onUnavailable: 'miss' | 'error' | undefined;
}

export const DEFAULT_PORT = 7070;

const SCHEME = /^(kvnests?):\/\/([^/?#]*)(\/?)(?:\?([^#]*))?$/is;
const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:@\s[\]]+))(?::(\d{1,5}))?$/i;
const PARAMETERS = ['model', 'namespace', 'timeout_ms', 'connect_timeout_ms', 'on_unavailable'] as const;

/**
 * `kvnest://[token@]host[:port][,host[:port]…][?model=…&namespace=…&timeout_ms=…]`, or `kvnests://` for TLS.
 *
 * @throws KV_CLIENT_URL, whose message does not repeat the token.
 */
export function parseClientUrl(text: string): ClientUrl {
  const [, scheme, authority, , query = ''] = SCHEME.exec(text.trim()) ?? [];
  if (scheme === undefined || authority === undefined)
    throw clientUrl('A URL of a cache begins with kvnest:// or kvnests://, and has no path');
  const at = authority.lastIndexOf('@');
  const parameters = readParameters(query);
  return {
    isTls: scheme.toLowerCase() === 'kvnests',
    token: at === -1 ? undefined : decodeToken(authority.slice(0, at)),
    servers: readServers(authority.slice(at + 1)),
    model: parameters.get('model'),
    namespace: readNumber(parameters, 'namespace'),
    timeoutMs: readNumber(parameters, 'timeout_ms'),
    connectTimeoutMs: readNumber(parameters, 'connect_timeout_ms'),
    onUnavailable: readPolicy(parameters.get('on_unavailable')),
  };
}

function decodeToken(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw clientUrl('What stands before @ is not percent-encoded UTF-8');
  }
}

function readServers(list: string): readonly ServerAddress[] {
  const servers = list.split(',').map((entry) => {
    const [, v6, name, port] = HOST.exec(entry.trim()) ?? [];
    const host = (v6 ?? name)?.toLowerCase();
    const number = port === undefined ? DEFAULT_PORT : Number(port);
    if (host === undefined || number < 1 || number > 65_535)
      throw clientUrl('A server of the URL is no host, host:port or [address]:port');
    return {
      host,
      port: number,
      name: v6 === undefined ? `${host}:${number}` : `[${host}]:${number}`,
    };
  });
  if (new Set(servers.map(({ name }) => name)).size < servers.length)
    throw clientUrl('The URL names a server twice');
  return servers;
}

function readParameters(query: string): ReadonlyMap<string, string> {
  const parameters = new Map(new URLSearchParams(query));
  const known = new Set<string>(PARAMETERS);
  const unknown = [...parameters.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw clientUrl(`The URL has ${unknown.join(', ')}; it may have ${PARAMETERS.join(', ')}`);
  return parameters;
}

function readNumber(parameters: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw clientUrl(`${name} of the URL is a whole number`);
  return Number(text);
}

function readPolicy(text: string | undefined): 'miss' | 'error' | undefined {
  if (text === undefined || text === 'miss' || text === 'error') return text;
  throw clientUrl('on_unavailable of the URL is miss or error');
}
