import { type EvictionPolicyFactory } from '../../../backends/eviction-policy.interface.js';
import { KvError } from '../../../common/errors/kv-error.js';
import { adaptivePolicy } from './adaptive.policy.js';
import { fifoPolicy } from './fifo.policy.js';
import { lfuPolicy } from './lfu.policy.js';
import { lruPolicy } from './lru.policy.js';
import { mruPolicy } from './mru.policy.js';
import { prefixPolicy } from './prefix.policy.js';
import { s3FifoPolicy } from './s3-fifo.policy.js';
import { sievePolicy } from './sieve.policy.js';
import { wTinyLfuPolicy } from './w-tinylfu.policy.js';

/** Every eviction policy that kvnest brings. */
export const EVICTION_POLICIES_CATALOG: readonly EvictionPolicyFactory[] = [
  lruPolicy,
  adaptivePolicy,
  fifoPolicy,
  lfuPolicy,
  mruPolicy,
  prefixPolicy,
  s3FifoPolicy,
  sievePolicy,
  wTinyLfuPolicy,
];

/** The name under which the policy is found that is used where none is chosen. */
export const DEFAULT_POLICY = 'default';

/** Every name that a configuration may have, the default first. */
export const EVICTION_POLICY_NAMES: readonly string[] = [
  DEFAULT_POLICY,
  ...EVICTION_POLICIES_CATALOG.map(({ name }) => name),
];

/** Finds a policy by its name, whatever the case. @throws KV_CONFIG_INVALID for a name nobody knows. */
export function findEvictionPolicy(name: string): EvictionPolicyFactory {
  if (name.toLowerCase() === DEFAULT_POLICY) return adaptivePolicy;
  const policy = EVICTION_POLICIES_CATALOG.find((known) => known.name === name.toLowerCase());
  if (policy !== undefined) return policy;
  const names = EVICTION_POLICY_NAMES.map((known) => known.toUpperCase()).join(', ');
  throw new KvError('KV_CONFIG_INVALID', `There is no eviction policy "${name}"`, {
    kind: 'config',
    remedy: `Use one of: ${names}.`,
  });
}
