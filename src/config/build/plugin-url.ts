import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { type Namespace } from './external-namespaces.js';

const MASTER_KEYS = [
  'mooncake_master_server_addr',
  'mooncake_master_server_address',
  'master_server_addr',
  'master_server_address',
];

/** Where LMCache's own plugins of these types keep their address; each has a scheme of the same name. */
const ADDRESSES: Readonly<Record<string, (value: (key: string) => unknown, remoteUrl?: string) => unknown>> =
  {
    redis: (value, remoteUrl) => value('redis_url') ?? remoteUrl ?? 'redis://localhost:6379',
    fs: (value) => {
      const path = value('base_path') ?? value('fs_base_path');
      return typeof path === 'string' ? `fs://${path}` : undefined;
    },
    mooncakestore: (value) => {
      const master = MASTER_KEYS.map(value).find((address) => typeof address === 'string');
      return `mooncakestore://${master ?? ''}`;
    },
  };

/**
 * The URL of a remote storage plugin that needs no code of users, because its type is a scheme of kvnest: `redis`,
 * or `fs.primary`, whose type is `fs`. Undefined for plugins with a module, and for all others.
 */
export function builtInPluginUrl(
  name: string,
  { modulePath, options }: Namespace,
  settings: KvnestSettings,
  schemes: readonly string[] | undefined,
): string | undefined {
  const type = name.split('.', 1)[0] ?? name;
  if (modulePath !== undefined || schemes?.includes(type) === false) return undefined;
  const address = Object.hasOwn(ADDRESSES, type) ? ADDRESSES[type] : undefined;
  const value = (key: string): unknown => options[key] ?? settings.extra_config[key];
  const url = options['url'] ?? address?.(value, settings.remote_url?.[0]);
  return typeof url === 'string' ? url : undefined;
}
