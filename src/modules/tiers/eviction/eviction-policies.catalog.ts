import { type EvictionPolicyFactory } from '../../../backends/eviction-policy.interface.js';
import { KvError } from '../../../common/errors/kv-error.js';
import { lruPolicy } from './lru.policy.js';

/** Every eviction policy that kvnest brings. */
export const EVICTION_POLICIES_CATALOG: readonly EvictionPolicyFactory[] = [lruPolicy];

/** Finds a policy by its name, whatever the case. @throws KV_CONFIG_INVALID for a name nobody knows. */
export function findEvictionPolicy(name: string): EvictionPolicyFactory {
  const policy = EVICTION_POLICIES_CATALOG.find((known) => known.name === name.toLowerCase());
  if (policy !== undefined) return policy;
  const names = EVICTION_POLICIES_CATALOG.map((known) => known.name.toUpperCase()).join(', ');
  throw new KvError('KV_CONFIG_INVALID', `There is no eviction policy "${name}"`, {
    kind: 'config',
    remedy: `Use one of: ${names}.`,
  });
}
