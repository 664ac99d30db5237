import { type ConnectionOptions } from 'node:tls';
import { clientInput } from '../client-errors.js';
import { type ConnectOptions } from '../kvnest-client.interface.js';
import { type Reconnect } from '../pool/slot.js';
import { type ClientUrl, parseClientUrl, type ServerAddress } from './client-url.js';

/** URL and options, checked, with what they leave out. */
export interface ClientSettings {
  readonly servers: readonly ServerAddress[];
  readonly token: string | undefined;
  /** Undefined: without TLS. */
  readonly tls: ConnectionOptions | undefined;
  readonly model: string | undefined;
  readonly namespace: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly unresponsiveMs: number;
  readonly reconnect: Reconnect;
  /** Per server. */
  readonly controlConnections: number;
  readonly bulkConnections: number;
  readonly streamConnections: number;
  readonly missesOutages: boolean;
  readonly verifies: boolean;
  readonly name: string;
}

/** Highest that a key can have. */
const MAX_NAMESPACE = 2 ** 31 - 1;
/** A day: what servers allow. */
const MAX_PIN_MS = 86_400_000;
/** Of `setTimeout`. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const MAX_CONNECTIONS = 64;

/** All there are. */
const OPTIONS: Readonly<Record<keyof ConnectOptions, true>> = {
  token: true,
  model: true,
  namespace: true,
  timeoutMs: true,
  connections: true,
  connectTimeoutMs: true,
  reconnect: true,
  onUnavailable: true,
  tls: true,
  unresponsiveMs: true,
  verify: true,
  name: true,
  signal: true,
};

/**
 * Options come before what the URL says.
 * @throws KV_CLIENT_URL, KV_CLIENT_INPUT
 */
export function clientSettings(text: string, options: ConnectOptions): ClientSettings {
  refuseUnknown(options);
  const url = parseClientUrl(text);
  if (options.tls !== undefined && !url.isTls)
    throw clientInput('tls is given, and the URL is one without TLS', 'Write kvnests://, or leave tls out.');
  const { tls = {}, name = 'kvnest-client', verify = false } = options;
  return {
    servers: url.servers,
    token: options.token ?? url.token,
    tls: url.isTls ? tls : undefined,
    model: options.model ?? url.model,
    namespace: namespaceNumber(options.namespace ?? url.namespace ?? 0),
    missesOutages: missesOutages(options.onUnavailable ?? url.onUnavailable, url.servers.length),
    verifies: verify,
    name,
    ...times(options, url),
    ...connectionCounts(options.connections),
    reconnect: reconnectPauses(options.reconnect),
  };
}

/** What is misspelt would be ignored without a word. */
function refuseUnknown(options: ConnectOptions): void {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown.length > 0)
    throw clientInput(`there is no option ${unknown.join()}`, `Options: ${Object.keys(OPTIONS).join(', ')}.`);
}

function missesOutages(policy: 'miss' | 'error' | undefined, servers: number): boolean {
  return policy === undefined ? servers > 1 : policy === 'miss';
}

function times(
  options: ConnectOptions,
  url: ClientUrl,
): Pick<ClientSettings, 'timeoutMs' | 'connectTimeoutMs' | 'unresponsiveMs'> {
  const connectMs = options.connectTimeoutMs ?? url.connectTimeoutMs ?? 5000;
  return {
    timeoutMs: timeoutNumber(options.timeoutMs ?? url.timeoutMs ?? 30_000),
    connectTimeoutMs: integer('connectTimeoutMs', connectMs, 1, MAX_TIMER_MS),
    unresponsiveMs: integer('unresponsiveMs', options.unresponsiveMs ?? 5000, 1, MAX_TIMER_MS),
  };
}

function connectionCounts({ control = 1, bulk = 2, streams = 16 }: ConnectOptions['connections'] = {}): Pick<
  ClientSettings,
  'controlConnections' | 'bulkConnections' | 'streamConnections'
> {
  return {
    controlConnections: integer('connections.control', control, 1, MAX_CONNECTIONS),
    bulkConnections: integer('connections.bulk', bulk, 1, MAX_CONNECTIONS),
    streamConnections: integer('connections.streams', streams, 1, MAX_CONNECTIONS),
  };
}

function reconnectPauses({
  minMs = 50,
  maxMs = Math.max(5000, minMs),
}: ConnectOptions['reconnect'] = {}): ClientSettings['reconnect'] {
  return {
    minMs: integer('reconnect.minMs', minMs, 1, MAX_TIMER_MS),
    maxMs: integer('reconnect.maxMs', maxMs, minMs, MAX_TIMER_MS),
  };
}

/** @throws KV_CLIENT_INPUT */
export function namespaceNumber(value: number): number {
  return integer('namespace', value, 0, MAX_NAMESPACE);
}

/** @throws KV_CLIENT_INPUT */
export function pinNumber(value: number): number {
  return integer('pinMs', value, 1, MAX_PIN_MS);
}

/** @throws KV_CLIENT_INPUT */
export function timeoutNumber(value: number): number {
  return integer('timeoutMs', value, 0, MAX_TIMER_MS);
}

/** @throws KV_CLIENT_INPUT */
export function integer(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw clientInput(`${name} is ${String(value)}, and must be a whole number from ${min} to ${max}`);
}
