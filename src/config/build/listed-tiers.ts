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
  const { context, settings } = around;
  checkTier(tier, at, around);
  const name = tier.name ?? tier.type;
  const path = tier.path ?? (tier.type === 'disk' ? join(settings.data_dir, name) : undefined);
  return {
    name,
    type: tier.type,
    capacityBytes: tier.capacity,
    policy: findPolicy(tier.policy ?? around.policy, context) ?? around.policy,
    ...(path !== undefined && { path: resolve(context.cwd, path) }),
    options: tier.options,
  };
}

function checkTier(
  { type, policy, path }: TierSettings,
  at: string,
  { context, findings }: TierSurroundings,
): void {
  if (!context.tierTypes.includes(type)) {
    findings.problem(`${at}.type`, `"${type}" is no type of tier${suggestion(type, context.tierTypes)}`);
  }
  if (policy !== undefined && findPolicy(policy, context) === undefined) {
    findings.problem(
      `${at}.policy`,
      `"${policy}" is no eviction policy${suggestion(policy, context.policies)}`,
    );
  }
  if (type === 'memory' && path !== undefined) {
    findings.problem(`${at}.path`, 'a memory tier has no directory; take the path out');
  }
}
