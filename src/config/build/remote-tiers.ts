import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';

/** Lossy or tied to its tensors: LMCache's own codecs. */
const LMCACHE_SERDES = ['cachegen', 'kivi'];

/** One tier for each `remote_url`, in their order. */
export function remoteTiers(
  settings: KvnestSettings,
  policy: string,
  findings: Findings,
): readonly TierConfig[] {
  if (settings.remote_serde !== undefined && LMCACHE_SERDES.includes(settings.remote_serde)) {
    findings.warn(
      `remote_serde ${settings.remote_serde} is not there in kvnest; chunks are written as they are`,
    );
  }
  const options = remoteDefaults(settings);
  return (settings.remote_url ?? []).map((url, index) => ({
    name: index === 0 ? 'remote' : `remote-${index + 1}`,
    type: 'remote',
    capacityBytes: 0,
    policy,
    url,
    options,
  }));
}

/** What LMCache's keys say about every remote tier. */
export function remoteDefaults(settings: KvnestSettings): Readonly<Record<string, unknown>> {
  const { remote_serde: serde = 'naive', blocking_timeout_secs: timeoutSeconds } = settings;
  return {
    serde: LMCACHE_SERDES.includes(serde) ? 'naive' : serde,
    timeout_ms: Math.ceil(timeoutSeconds * 1000),
  };
}
