import { join, resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type TierConfig } from '../kvnest-config.interface.js';
import { suggestion } from '../nearest-name.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { type TierSettings } from '../settings/tier.settings.js';
import { remoteDefaults } from './remote-tiers.js';
import { type TierDefaults, tierDefaults } from './external-tiers.js';
import { ownDoor } from './own-door.js';
import { reportScheme } from './schemes.js';
import { findAdmission, findExternal, findPolicy, knownTypes, type TierContext } from './tier-context.js';

/** Tiers on this machine, which need a budget. */
const LOCAL_TYPES = new Set(['memory', 'disk', 'nixl_storage']);

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
  const external = findExternal(tier.type, context);
  const defaults =
    external === undefined
      ? defaultsOf(tier.type, name, settings)
      : tierDefaults(external, context, around.findings);
  const path = tier.path ?? defaults.path;
  const url = tier.url ?? defaults.url;
  return {
    name,
    type: tier.type,
    capacityBytes: tier.capacity ?? defaults.capacityBytes,
    policy: findPolicy(tier.policy ?? defaults.policy ?? around.policy, context) ?? around.policy,
    ...admissionOf(tier, context),
    ...(path !== undefined && { path: resolve(context.cwd, path) }),
    ...(url !== undefined && { url }),
    options: tier.type === 'remote' ? { ...remoteDefaults(settings), ...tier.options } : tier.options,
  };
}

function admissionOf({ admission }: TierSettings, context: TierContext): Pick<TierConfig, 'admission'> {
  const known = admission === undefined ? undefined : findAdmission(admission, context);
  return known === undefined ? {} : { admission: known };
}

function defaultsOf(type: string, name: string, { data_dir }: KvnestSettings): TierDefaults {
  return {
    capacityBytes: 0,
    policy: undefined,
    ...(type === 'disk' && { path: join(data_dir, name) }),
  };
}

function checkTier(
  { type, policy, admission, path, url, capacity }: TierSettings,
  at: string,
  around: TierSurroundings,
): void {
  const { context, findings } = around;
  if (!knownTypes(context).includes(type)) {
    findings.problem(`${at}.type`, `"${type}" is no type of tier${suggestion(type, knownTypes(context))}`);
  }
  if (policy !== undefined && findPolicy(policy, context) === undefined) {
    findings.problem(
      `${at}.policy`,
      `"${policy}" is no eviction policy${suggestion(policy, context.policies)}`,
    );
  }
  if (admission !== undefined && findAdmission(admission, context) === undefined) {
    findings.problem(
      `${at}.admission`,
      `"${admission}" is no admission policy${suggestion(admission, context.admissions)}`,
    );
  }
  if (capacity === undefined && LOCAL_TYPES.has(type)) {
    findings.problem(`${at}.capacity`, 'is missing: write a size such as 4GiB');
  }
  checkUrl({ type, url }, `${at}.url`, around);
  if (type === 'memory' && path !== undefined) {
    findings.problem(`${at}.path`, 'a memory tier has no directory; take the path out');
  }
}

function checkUrl(
  { type, url }: { readonly type: string; readonly url: string | undefined },
  at: string,
  { context, findings }: TierSurroundings,
): void {
  if (type === 'remote') {
    if (url === undefined) {
      findings.problem(at, 'is missing: write one such as redis://host:6379');
      return;
    }
    reportScheme(at, url, context, findings);
    const door = ownDoor(url, context.doors);
    if (door !== undefined)
      findings.problem(at, `leads to ${door} of this server itself; name another store`);
  } else if (LOCAL_TYPES.has(type) && url !== undefined) {
    findings.problem(at, `is nothing for a tier of type ${type}`);
  }
}
