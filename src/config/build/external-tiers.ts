import { resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type ExternalConfig, type TierConfig } from '../kvnest-config.interface.js';
import { suggestion } from '../nearest-name.js';
import { parseByteSize } from '../schema/byte-size.js';
import { findPolicy, type TierContext } from './tier-context.js';

/** What a tier has of itself, and a backend that users bring may say in its options. */
export type TierDefaults = Pick<TierConfig, 'capacityBytes' | 'path' | 'url'> & {
  readonly policy: string | undefined;
};

/** One tier for each backend that users bring, in the order of their listing. */
export function externalTiers(
  context: TierContext,
  policy: string,
  findings: Findings,
): readonly TierConfig[] {
  return context.externals.backends.map((external) => {
    const { policy: own = policy, ...defaults } = tierDefaults(external, context, findings);
    return { name: external.name, type: external.name, policy: own, ...defaults, options: {} };
  });
}

/** The options `capacity`, `policy`, `path` and `url` of a backend; a capacity of 0 when it has none. */
export function tierDefaults(
  external: ExternalConfig,
  context: TierContext,
  findings: Findings,
): TierDefaults {
  const path = textOption(external, 'path', findings);
  const url = textOption(external, 'url', findings);
  return {
    capacityBytes: capacityOption(external, findings),
    policy: policyOption(external, context, findings),
    ...(path !== undefined && { path: resolve(context.cwd, path) }),
    ...(url !== undefined && { url }),
  };
}

function capacityOption(external: ExternalConfig, findings: Findings): number {
  const bytes = parseByteSize(external.options['capacity'] ?? 0);
  if (bytes === undefined) {
    findings.problem(keyOf(external, 'capacity'), 'must be a size such as 64MiB or a number of bytes');
  }
  return bytes ?? 0;
}

function policyOption(
  external: ExternalConfig,
  context: TierContext,
  findings: Findings,
): string | undefined {
  const name = textOption(external, 'policy', findings);
  const policy = name === undefined ? undefined : findPolicy(name, context);
  if (name !== undefined && policy === undefined) {
    const near = suggestion(name, context.policies);
    findings.problem(keyOf(external, 'policy'), `"${name}" is no eviction policy${near}`);
  }
  return policy;
}

function textOption(external: ExternalConfig, name: string, findings: Findings): string | undefined {
  const value = external.options[name];
  if (value === undefined || typeof value === 'string') return value;
  findings.problem(keyOf(external, name), 'must be text');
  return undefined;
}

function keyOf({ key }: ExternalConfig, option: string): string {
  return key.replace(/module_path$/, option);
}
