import { KvError } from '../../common/errors/kv-error.js';
import { type Tier } from './tier.js';

/** The tier of this name. @throws an error of this code when there is none. */
export function tierNamed(tiers: readonly Tier[], name: string, code: `KV_${string}`): Tier {
  const tier = tiers.find((candidate) => candidate.name === name);
  if (tier !== undefined) return tier;
  throw new KvError(code, `There is no tier "${name}", but ${tiers.map((one) => one.name).join(', ')}`, {
    kind: 'input',
    remedy: 'GET /v1/status names the tiers.',
  });
}
