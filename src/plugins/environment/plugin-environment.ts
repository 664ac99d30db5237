import { type PluginsConfig } from '../../config/kvnest-config.interface.js';
import { type SelectedScript } from '../plugin-script.interface.js';
import { type ConfigText } from './config-text.js';
import { type DoorAddresses } from './door-addresses.js';

export interface PluginSurroundings {
  /** The variables of the server that go on. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly config: ConfigText;
  readonly doors: DoorAddresses;
  /** For the doors; undefined where they ask for none. */
  readonly token: string | undefined;
}

/** LMCache has renamed it; scripts read either. */
const PREFIXES = ['LMCACHE_PLUGIN_', 'LMCACHE_RUNTIME_PLUGIN_'];

/** The whole environment of a plugin. */
export function pluginEnvironment(
  { name, runsAs }: SelectedScript,
  { workerId, workerCount, extraConfig }: PluginsConfig,
  { inherited, config, doors, token }: PluginSurroundings,
): Record<string, string> {
  const told = {
    ROLE: runsAs,
    CONFIG: config.text,
    WORKER_ID: String(workerId),
    WORKER_COUNT: String(workerCount),
    EXTRA_CONFIG: config.file === undefined ? JSON.stringify(extraConfig) : undefined,
  };
  const own = {
    ...Object.fromEntries(
      PREFIXES.flatMap((prefix) => Object.entries(told).map(([key, value]) => [prefix + key, value])),
    ),
    PYTHONUNBUFFERED: '1',
    KVNEST_PLUGIN_NAME: name,
    KVNEST_PLUGIN_CONFIG_FILE: config.file,
    KVNEST_HTTP_URL: doors.http?.origin,
    KVNEST_RESP_URL: doors.resp?.href,
    KVNEST_LM_URL: doors.lm?.href,
    KVNEST_TCP_URL: doors.tcp?.href,
    KVNEST_TOKEN: token,
  };
  const all: Record<string, string> = { ...inherited };
  for (const [key, value] of Object.entries<string | undefined>(own)) {
    // One of a server around this one must not be taken for one of this.
    if (value === undefined) Reflect.deleteProperty(all, key);
    else all[key] = value;
  }
  return all;
}
