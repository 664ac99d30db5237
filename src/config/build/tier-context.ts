/** What the tiers of a configuration are checked against. */
export interface TierContext {
  /** Directory that relative paths start from. */
  readonly cwd: string;
  /** Types and policies that this server has. */
  readonly tierTypes: readonly string[];
  readonly policies: readonly string[];
}
