import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { suggestion } from '../nearest-name.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { externalTiers } from './external-tiers.js';
import { listedTiers } from './listed-tiers.js';
import { tiersOfLmcacheKeys } from './lmcache-tiers.js';
import { peerTiers } from './peer-tiers.js';
import { remoteTiers } from './remote-tiers.js';
import { findPolicy, type TierContext } from './tier-context.js';

/** The stack: `tiers` as listed, else memory, disk, peers and remote stores as LMCache's keys say. */
export function buildTiers(
  settings: KvnestSettings,
  context: TierContext,
  findings: Findings,
): readonly TierConfig[] {
  const policy = defaultPolicy(settings.cache_policy, context, findings);
  const tiers =
    settings.tiers === undefined
      ? [
          ...tiersOfLmcacheKeys(settings, policy, context, findings),
          ...peerTiers(settings, policy, findings),
          ...remoteTiers(settings, policy, context, findings),
          ...externalTiers(context, policy, findings),
        ]
      : listedTiers(settings.tiers, { settings, policy, context, findings });
  for (const name of namesOfSeveral(tiers)) {
    if (findings.hasProblemAt('tiers')) break;
    findings.problem('tiers', `two would be called "${name}"; list tiers, and give each a name of its own`);
  }
  if (tiers.length === 0 && !findings.hasProblemAt('tiers')) {
    findings.problem(
      'tiers',
      'no tier is left; set local_cpu: true, a local_disk with a size, or list tiers',
    );
  }
  return tiers;
}

function defaultPolicy(name: string, context: TierContext, findings: Findings): string {
  const known = findPolicy(name, context);
  if (known !== undefined) return known;
  findings.problem('cache_policy', `"${name}" is no eviction policy${suggestion(name, context.policies)}`);
  return name;
}

function namesOfSeveral(tiers: readonly TierConfig[]): readonly string[] {
  const names = tiers.map(({ name }) => name);
  return names.filter((name, index) => names.indexOf(name) !== index);
}
