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
  const urls = urlsOfOthers(settings.remote_url ?? [], context, findings);
  for (const url of urls) reportScheme('remote_url', url, context, findings);
  const stores = [
    ...storesOfPlugins(urls, context),
    ...urls.map((url, index) => ({ name: index === 0 ? 'remote' : `remote-${index + 1}`, url })),
  ];
  const options = remoteDefaults(settings);
  return stores.map((store) => ({ ...store, type: 'remote', capacityBytes: 0, policy, options }));
}

/** A file that engines read, too, names this server as their store. */
function urlsOfOthers(
  urls: readonly string[],
  { doors }: TierContext,
  findings: Findings,
): readonly string[] {
  return urls.filter((url) => {
    const door = ownDoor(url, doors);
    if (door !== undefined)
      findings.warn(
        `remote_url leads to ${door} of this server itself, where engines find it: no tier is made of it`,
      );
    return door === undefined;
  });
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
