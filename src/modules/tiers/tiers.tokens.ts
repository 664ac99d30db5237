/** Injection token of the `TierStack`. */
export const TIER_STACK = Symbol.for('kvnest:TierStack');
