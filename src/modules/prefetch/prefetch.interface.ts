/** How a prefix is brought closer. */
export interface PrefetchOptions {
  /** Of several prefetches that load from one tier, the one with the smallest number goes first; default 5. */
  readonly priority?: number;
  /** What is not loaded by then stays where it is. Default 60 s. */
  readonly timeoutMs?: number;
  /** Name of the tier that chunks are brought to; default: the first. */
  readonly upTo?: string;
}

/** Of one tier that chunks are loaded from. */
export interface TierProgress {
  /** Chunks of the prefix that it has and that are to be loaded. */
  readonly located: number;
  readonly loaded: number;
  readonly bytes: number;
}

/** `done`: all that was there is loaded, or could not be; `timeout` and `cancelled`: it ended before. */
export type PrefetchState = 'locating' | 'loading' | 'done' | 'timeout' | 'cancelled';

/** How far a prefetch is; each number of chunks. */
export interface PrefetchProgress {
  readonly state: PrefetchState;
  /** In the prefix. */
  readonly total: number;
  /** In front of the first that no tier has. */
  readonly located: number;
  /** Already in the tier, or in one in front of it. */
  readonly skipped: number;
  readonly loading: number;
  readonly loaded: number;
  /** Gone or damaged when they were read, or behind such a one. */
  readonly failed: number;
  /** By the name of the tier that they come from. */
  readonly tiers: Readonly<Record<string, TierProgress>>;
}

export const MIN_PRIORITY = 0;
export const MAX_PRIORITY = 9;
