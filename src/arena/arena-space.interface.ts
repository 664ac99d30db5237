import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { type AllocationRequest, type ArenaHandle } from './arena.interface.js';

/**
 * Gives up at least `bytes` (of footprint) of what it keeps in the arena, if it can.
 *
 * @param key of the chunk that the room is for.
 * @returns the bytes given up.
 */
export type Reclaimer = (bytes: number, key: ChunkKey) => number;

export interface ReclaimerOptions {
  /** Asked only when all others have nothing more to give; they are asked again for what is theirs to free then. */
  readonly lastResort?: boolean;
}

/**
 * How everybody gets room in the arena: allocate, and evict inline when it is short. Never waits.
 */
export interface ArenaSpace {
  /**
   * @returns a handle in state `reserved`; `busy` when everything that is there is in use, leased or pinned;
   * `too-large` when it could never fit.
   */
  reserve(request: AllocationRequest): ArenaHandle | 'busy' | 'too-large';
  /** Registers who can give memory back (the memory tier, read-ahead); asked in order of registration. */
  addReclaimer(reclaimer: Reclaimer, options?: ReclaimerOptions): () => void;
}
