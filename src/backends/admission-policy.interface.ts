import { type ChunkTraits } from './eviction-policy.interface.js';

/**
 * Says which chunks a full tier takes. It is asked before a chunk that is not there takes the place of another, never while there is
 * room, and never for one whose older version is there. Entries are those of the tier's eviction policy; every call is O(1).
 */
export interface AdmissionPolicy {
  readonly name: string;
  /** What its arrays take, if it counts that. */
  readonly allocatedBytes?: number;
  /** The tier has a new chunk under `entry`. */
  onInsert(entry: number, traits: ChunkTraits): void;
  /** It was read, or found by a lookup that leased it. */
  onAccess(entry: number): void;
  /** It is gone. `entry` may come back as another chunk. */
  onRemove(entry: number): void;
  /**
   * Whether a chunk may come in. Counts as one time that it was asked for.
   *
   * @param victim the entry that would be given up for it next; -1 = that is gone already.
   */
  admits(traits: ChunkTraits, victim: number): boolean;
}

/** Makes the admission policy of a tier. */
export interface AdmissionPolicyFactory {
  readonly name: string;
  /** @returns undefined when every chunk is taken, and nobody needs to be asked. */
  create(): AdmissionPolicy | undefined;
}
