import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AheadReads } from './ahead-reads.js';
import { type Locating, type Places } from '../tiers/locating.interface.js';

/** Where chunks come from. */
export interface ChunkSource {
  /** Asks every tier once, all of them at a time. */
  locate(keys: readonly ChunkKey[]): Locating;
  /**
   * @param place what `locate` said.
   * @param index of the key in the prefix.
   */
  read(key: ChunkKey, place: string, index: number): Awaitable<ReadOutcome>;
}

export interface PrefixReadOptions {
  /** Chunks of each tier that are loading, or loaded and not yet disposed by the receiver. */
  readonly window: number;
  /**
   * All reads: they share what lies beyond the windows while a slower tier in front is waited for, and give up for others what is not
   * delivered yet. Without it, there is nothing beyond the windows, and nothing is given up.
   */
  readonly ahead?: AheadReads;
  /** How long to wait for memory that others hold, when nothing of the prefix holds any. Then it is the end. Default: 0. */
  readonly patienceMs?: number;
  /** Told which chunk that was. */
  readonly onNoRoom?: (key: ChunkKey) => void;
  /** Told when it is known where all chunks are, before the last of them is delivered. */
  readonly onLocated?: (places: Places) => void;
}

/** One item of the prefix with the chunk that belongs to it. */
export interface Loaded<T> {
  readonly item: T;
  readonly handle: ArenaHandle;
}
