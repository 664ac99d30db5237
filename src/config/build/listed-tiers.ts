import { join, resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { suggestion } from '../nearest-name.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { type TierSettings } from '../settings/tier.settings.js';
import { findPolicy, type TierContext } from './tier-context.js';

interface TierSurroundings {
  readonly settings: KvnestSettings;
  readonly policy: string;
  readonly context: TierContext;
  readonly findings: Findings;
}

/** The entries of `tiers:`, in their order; one that failed validation is undefined. */
export function listedTiers(
  listed: readonly (TierSettings | undefined)[],
  around: TierSurroundings,
): readonly TierConfig[] {
  const tiers: TierConfig[] = [];
  for (const [index, settings] of listed.entries()) {
    if (settings === undefined) continue;
    const at = `tiers[${index}]`;
    const tier = listedTier(settings, at, around);
    checkDiffers(tier, tiers, at, around.findings);
    tiers.push(tier);
  }
  return tiers;
}

function checkDiffers(
  tier: TierConfig,
  earlier: readonly TierConfig[],
  at: string,
  findings: Findings,
): void {
  if (earlier.some(({ name }) => name === tier.name)) {
    findings.problem(`${at}.name`, `"${tier.name}" is the name of an earlier tier; give each its own`);
  } else if (tier.path !== undefined && earlier.some(({ path }) => path === tier.path)) {
    findings.problem(`${at}.path`, `${tier.path} is the directory of an earlier tier; give each its own`);
  }
}

function listedTier(tier: TierSettings, at: string, around: TierSurroundings): TierConfig {
  const { context, findings, settings } = around;
  const name = tier.name ?? tier.type;
  const policy = tier.policy === undefined ? around.policy : findPolicy(tier.policy, context);
  if (!context.tierTypes.includes(tier.type)) {
    findings.problem(
      `${at}.type`,
      `"${tier.type}" is no type of tier${suggestion(tier.type, context.tierTypes)}`,
    );
  }
  if (!context.policies.includes(policy)) {
    findings.problem(
      `${at}.policy`,
      `"${policy}" is no eviction policy${suggestion(policy, context.policies)}`,
    );
  }
  if (tier.type === 'memory' && tier.path !== undefined) {
    findings.problem(`${at}.path`, 'a memory tier has no directory; take the path out');
  }
  const path = tier.path ?? (tier.type === 'disk' ? join(settings.data_dir, name) : undefined);
  return {
    name,
    type: tier.type,
    capacityBytes: tier.capacity,
    policy: policy ?? around.policy,
    ...(path !== undefined && { path: resolve(context.cwd, path) }),
    options: tier.options,
  };
}
