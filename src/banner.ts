import { type INestApplicationContext } from '@nestjs/common';
import { formatBytes } from './common/format-bytes.js';
import { type KvnestConfig, type TierConfig } from './config/kvnest-config.interface.js';
import { redactUrl } from './config/redact-config.js';
import { PLUGIN_OVERVIEW, type PluginOverview } from './plugins/plugin-status.interface.js';
import { DOOR_REGISTRY, type DoorRegistry } from './modules/doors/door-registry.js';

/** What `serve` says when it is up: where it listens, which tiers it has, how to try it. */
export function banner(app: INestApplicationContext, config: KvnestConfig): string {
  const doors = app.get<DoorRegistry>(DOOR_REGISTRY).status();
  const address = (name: string): string | undefined => doors.find((door) => door.name === name)?.address;
  const http = address('http');
  const resp = address('resp');
  const lm = address('lm');
  const tcp = address('tcp');
  const nest = address('nest');
  const lines = [
    'kvnest is ready',
    ...(http === undefined ? [] : [`  http   http://${http}    API at /docs, metrics at /metrics`]),
    ...(resp === undefined ? [] : [`  resp   redis://${resp}`]),
    ...(lm === undefined ? [] : [`  lm     lm://${lm}`]),
    ...(tcp === undefined ? [] : [`  tcp    ${tcpScheme(config)}://${tcp}`]),
    ...(nest === undefined ? [] : [`  nest   ${nest}    Transport.TCP of Nest`]),
    ...config.tiers.map(({ name, ...tier }, index) => `  tier ${index + 1} ${name} (${describeTier(tier)})`),
    ...pluginLine(app),
    ...tryIt(http, resp, config.auth.token !== undefined),
  ];
  return `${lines.join('\n')}\n`;
}

function tcpScheme({ doors: { tcp } }: KvnestConfig): string {
  return tcp !== false && tcp.tls !== undefined ? 'kvnests' : 'kvnest';
}

function describeTier({ type, capacityBytes, path, url }: Omit<TierConfig, 'name'>): string {
  const where = path ?? (url === undefined ? undefined : redactUrl(url));
  return [
    type,
    ...(capacityBytes > 0 ? [formatBytes(capacityBytes)] : []),
    ...(where === undefined ? [] : [where]),
  ].join(', ');
}

function pluginLine(app: INestApplicationContext): string[] {
  const names = app
    .get<PluginOverview>(PLUGIN_OVERVIEW)
    .status()
    .map(({ name }) => name);
  return names.length === 0 ? [] : [`  plugin ${names.join(', ')}`];
}

function tryIt(http: string | undefined, resp: string | undefined, hasToken: boolean): string[] {
  const lines: string[] = [];
  if (resp !== undefined) {
    const [host, port] = splitAddress(resp);
    lines.push(`  try    redis-cli -h ${host} -p ${port}${hasToken ? ' -a $TOKEN' : ''} set hello world`);
  }
  if (http !== undefined) {
    const header = hasToken ? "-H 'authorization: Bearer '$TOKEN " : '';
    lines.push(`  try    curl ${header}http://${http}/v1/status`);
  }
  return lines;
}

function splitAddress(address: string): [string, string] {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), address.slice(colon + 1)];
}
