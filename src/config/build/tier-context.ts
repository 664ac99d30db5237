/** What the tiers of a configuration are checked against. */
export interface TierContext {
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** Types and policies that this server has. */
  readonly tierTypes: readonly string[];
  readonly policies: readonly string[];
}

/** A policy by its name, whatever the case, as the server spells it. */
export function findPolicy(name: string, context: TierContext): string | undefined {
  return context.policies.find((policy) => policy.toLowerCase() === name.toLowerCase());
}
