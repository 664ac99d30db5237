/** What a policy may know of a chunk. */
export interface ChunkTraits {
  /** Four 32-bit words of the key's digest; overwritten after the call. */
  readonly digest: readonly [number, number, number, number];
  readonly bytes: number;
  readonly tier: string;
  readonly model: string;
  readonly tenant: string;
  /** Chunks in front of this one in its prefix, -1 = unknown. */
  readonly depth: number;
  /** Entry of the chunk right in front of it, -1 = unknown or not here. */
  readonly parent: number;
}

/**
 * Chooses what a tier gives up. Entries are small dense integers that the tier hands out; a policy keeps its state in
 * arrays indexed by them. Every call is O(1), `victim` amortised.
 */
export interface EvictionPolicy {
  readonly name: string;
  /** What its arrays take, if it counts that: all of what it keeps for chunks, there or gone. */
  readonly allocatedBytes?: number;
  /** The tier has a new chunk under `entry`. */
  onInsert(entry: number, traits: ChunkTraits): void;
  /** It was read, or found by a lookup that leased it. */
  onAccess(entry: number): void;
  /** It is gone, by eviction or otherwise. `entry` may come back as another chunk. */
  onRemove(entry: number): void;
  /**
   * The entry to give up next, or -1 when `evictable` refuses all. The caller removes it and calls `onRemove`.
   * A refused entry is in use, leased or pinned: a policy may treat that as an access.
   */
  victim(evictable: (entry: number) => boolean): number;
}

/** Makes a policy for a tier; `entries` is a hint, the arrays grow beyond it. */
export interface EvictionPolicyFactory {
  readonly name: string;
  create(entries: number): EvictionPolicy;
}
