import { readFileSync } from 'node:fs';
import { KvError } from '../../common/errors/kv-error.js';
import { type ConnectorContext, type ConnectorTarget } from '../connector-definition.interface.js';
import { type HostPort, parseConnectorUrl, urlInvalid } from '../connector-url.js';
import { readConnectorOptions } from '../read-connector-options.js';
import { MooncakeOptions } from './mooncake.config.js';

const DEFAULT_PORT = 50_051;

/** LMCache's keys that mean something here. Those of its own segment, buffers and devices do not: kvnest has none. */
const LMCACHE_KEYS = ['metadata_server', 'protocol', 'tenant_id', 'transfer_timeout'] as const;

export interface MooncakeSettings {
  readonly options: MooncakeOptions;
  readonly masters: readonly Master[];
}

interface Master {
  readonly host: string;
  readonly port: number;
}

type MooncakeTarget = ConnectorTarget & Pick<ConnectorContext, 'logger'>;

/**
 * What the URL and the options of the tier say; behind them LMCache's configuration: the file that MOONCAKE_CONFIG_PATH
 * names, else its `extra_config`. Where these name other masters than the URL, which wins, the log says so.
 *
 * @throws KV_CONFIG_INVALID
 */
export function readMooncakeSettings(
  target: MooncakeTarget,
  configPath = process.env['MOONCAKE_CONFIG_PATH'],
): MooncakeSettings {
  const given =
    configPath === undefined || configPath === '' ? target.extraConfig : readConfigFile(configPath);
  const options = readConnectorOptions(MooncakeOptions, target, lmcacheOptions(given, target.extraConfig));
  const masters = mastersOf(target, options);
  expectEngine(target, options, masters.length);
  warnOfOthers(target, options, masters);
  return { options, masters };
}

/** LMCache gives keys with the prefix to Mooncake as they are; then come its own older names. */
function lmcacheOptions(
  given: Readonly<Record<string, unknown>>,
  { save_chunk_meta }: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const values = LMCACHE_KEYS.map((key): [string, unknown] => [key, given[`mooncake_${key}`] ?? given[key]]);
  const master_server_addr =
    given['mooncake_master_server_addr'] ??
    given['mooncake_master_server_address'] ??
    given['master_server_addr'] ??
    given['master_server_address'];
  // Where none is wanted, LMCache's configuration has an empty text.
  const devices = [given['mooncake_rdma_devices'], given['mooncake_device_name'], given['device_name']];
  const device_name = devices.find((name) => name !== undefined && name !== '');
  return { ...Object.fromEntries(values), master_server_addr, save_chunk_meta, device_name };
}

/** Mooncake's library takes less than kvnest itself does, but RDMA. */
function expectEngine({ url }: ConnectorTarget, options: MooncakeOptions, masters: number): void {
  const { engine, protocol, tenant_id } = options;
  if (engine === 'wire' && protocol === 'rdma')
    throw urlInvalid(
      url,
      'has protocol rdma, which engine wire has not',
      'Set engine: native, or protocol: tcp.',
    );
  if (engine === 'wire') return;
  const remedy = 'Leave that out, or set engine: wire.';
  if (tenant_id !== 'default')
    throw urlInvalid(url, 'has a tenant, which engine native does not know', remedy);
  if (masters > 1) throw urlInvalid(url, 'names several masters, and engine native takes one', remedy);
}

function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return content as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw fileInvalid(path, (error as Error).message, error);
  }
  throw fileInvalid(path, 'it holds no mapping');
}

function fileInvalid(path: string, what: string, cause?: unknown): KvError {
  return new KvError(
    'KV_CONFIG_INVALID',
    `the file "${path}" of MOONCAKE_CONFIG_PATH cannot be used: ${what}`,
    {
      kind: 'config',
      remedy: 'Name a JSON file with keys of Mooncake, or unset the variable.',
      cause,
    },
  );
}

/** LMCache does not look at the host of its URL; here it names the master, if there is one. */
function mastersOf({ url }: ConnectorTarget, { master_server_addr }: MooncakeOptions): readonly Master[] {
  const { hosts, path, user, password, scheme } = url;
  const remedy =
    'Write mooncakestore://host:50051, several masters with commas; there is no user, password or path.';
  if ((path !== '' && path !== '/') || user !== undefined || password !== undefined)
    throw urlInvalid(url, 'names more than masters', remedy);
  const named =
    hosts.length > 0 || master_server_addr === undefined
      ? hosts
      : parseConnectorUrl(`${scheme}://${master_server_addr}`).hosts;
  if (named.length === 0) throw urlInvalid(url, 'names no master', remedy);
  return named.map(({ host, port = DEFAULT_PORT }: HostPort) => ({ host, port }));
}

function warnOfOthers(
  { tier, url, logger }: MooncakeTarget,
  { master_server_addr: text }: MooncakeOptions,
  masters: readonly Master[],
): void {
  if (text === undefined) return;
  const others = text
    .split(',')
    .map((address) => (/:\d+$/.test(address) ? address : `${address}:${DEFAULT_PORT}`));
  if (inOrder(others) === inOrder(masters.map(addressOf))) return;
  logger.warn(
    `The tier "${tier}" asks the master of ${url.label}, and not that of master_server_addr, ${text}`,
  );
}

function inOrder(addresses: readonly string[]): string {
  return addresses
    .map((address) => address.trim().toLowerCase())
    .sort()
    .join();
}

/** `host:port`, as Mooncake writes it. */
export function addressOf({ host, port }: Master): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
