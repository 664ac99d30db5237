import { type Findings } from '../findings.js';
import { isIdleExtra } from '../layers/lmcache-keys.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';

/** What LMCache has inside `extra_config` and beside it, with a word about what nobody here reads. */
export function buildExtraConfig(
  { audit_actual_remote_url, extra_config, tiers }: KvnestSettings,
  findings: Findings,
): Readonly<Record<string, unknown>> {
  const idle = Object.keys(extra_config).filter((key) => isIdleExtra(key) && extra_config[key] !== null);
  if (idle.length > 0)
    findings.warn(`extra_config: LMCache settings without effect in kvnest: ${idle.join(', ')}`);
  const hasFiles = tiers?.some((tier) => tier?.type === 'nixl_storage') === true;
  if (extra_config['enable_nixl_storage'] === true && !hasFiles) {
    findings.warn(
      'extra_config.enable_nixl_storage: nothing is kept there; list a tier of type nixl_storage with a capacity and nixl_path',
    );
  }
  return { ...(audit_actual_remote_url !== undefined && { audit_actual_remote_url }), ...extra_config };
}
