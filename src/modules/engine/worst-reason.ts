import { type StoreOutcomes } from '../tiers/tier-stack.js';
import { type RefusalReason } from './object-store.interface.js';

/** Of several tiers that did not store a chunk, the one whose reason the caller can use best. */
export function worstReason(outcomes: StoreOutcomes): RefusalReason {
  const reasons = [...outcomes.values()];
  return (['failed', 'busy'] as const).find((reason) => reasons.includes(reason)) ?? 'rejected';
}
