import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { type PluginStore } from './externals.js';
import { ownDoor } from './own-door.js';
import { isKnownScheme, reportScheme, schemeOf } from './schemes.js';
import { type TierContext } from './tier-context.js';

/** Lossy or tied to its tensors: LMCache's own codecs. */
const LMCACHE_SERDES = ['cachegen', 'kivi'];

/** One tier for each remote storage plugin that is a store of its own, and for each `remote_url`, in their order. */
export function remoteTiers(
  settings: KvnestSettings,
  policy: string,
  context: TierContext,
  findings: Findings,
): readonly TierConfig[] {
  if (settings.remote_serde !== undefined && LMCACHE_SERDES.includes(settings.remote_serde)) {
    findings.warn(
      `remote_serde ${settings.remote_serde} is not there in kvnest; chunks are written as they are`,
    );
  }
  const listed = settings.remote_url ?? [];
  const leadsHere = (url: string): boolean => doorBehind(url, settings, context) !== undefined;
  const urls = listed.filter((url) => !leadsHere(url));
  for (const url of urls) reportScheme('remote_url', url, context, findings);
  const plugins = storesOfPlugins(urls, context);
  warnOfDoors([...listed, ...plugins.map(({ url }) => url)], settings, context, findings);
  const stores = [
    ...plugins.filter(({ url }) => !leadsHere(url)),
    ...urls.map((url, index) => ({ name: index === 0 ? 'remote' : `remote-${index + 1}`, url })),
  ];
  const options = remoteDefaults(settings);
  return stores.map((store) => ({ ...store, type: 'remote', capacityBytes: 0, policy, options }));
}

/** The door of this server that a store's URL leads to, also by way of an audit. */
function doorBehind(
  url: string,
  { audit_actual_remote_url, extra_config }: KvnestSettings,
  { doors }: TierContext,
): string | undefined {
  const audited = extra_config['audit_actual_remote_url'] ?? audit_actual_remote_url;
  return ownDoor(schemeOf(url) === 'audit' && typeof audited === 'string' ? audited : url, doors);
}

/** A file that engines read, too, names this server as their store. */
function warnOfDoors(
  urls: readonly string[],
  settings: KvnestSettings,
  context: TierContext,
  findings: Findings,
): void {
  for (const url of new Set(urls)) {
    const door = doorBehind(url, settings, context);
    if (door === undefined) continue;
    const setting = settings.remote_url?.includes(url) === true ? 'remote_url' : 'remote_storage_plugin';
    findings.warn(
      `${setting} leads to ${door} of this server itself, where engines find it: no tier is made of it`,
    );
  }
}

/** A plugin whose scheme a URL has serves that URL; so may one that brings a scheme which nobody else knows. */
function storesOfPlugins(urls: readonly string[], context: TierContext): readonly PluginStore[] {
  const schemes = urls.map((url) => schemeOf(url));
  const isServed = ({ url }: PluginStore): boolean =>
    schemes.includes(schemeOf(url)) || urls.some((other) => !isKnownScheme(other, context));
  return context.externals.stores.filter(
    (store) => !urls.includes(store.url) && (store.isOwn || !isServed(store)),
  );
}

/** What LMCache's keys say about every remote tier. */
export function remoteDefaults(settings: KvnestSettings): Readonly<Record<string, unknown>> {
  const { remote_serde: serde = 'naive', blocking_timeout_secs: timeoutSeconds } = settings;
  return {
    serde: LMCACHE_SERDES.includes(serde) ? 'naive' : serde,
    timeout_ms: Math.ceil(timeoutSeconds * 1000),
  };
}
