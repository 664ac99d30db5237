/** Names of tiers, one for each key: where a chunk is loaded from. Undefined: no tier has it. */
export type Places = readonly (string | undefined)[];

/** What is known of some keys at once, and what has to be waited for. */
export interface Locating {
  /** The tiers that answer at once; undefined where they do not have the key. */
  readonly now: Places;
  /** All tiers, of all keys; undefined when there is nothing to wait for. */
  readonly later: Promise<Places> | undefined;
}
