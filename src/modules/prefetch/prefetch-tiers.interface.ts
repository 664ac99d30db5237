import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type LoadGate } from './load-gate.js';

/** The tiers as a prefetch sees them. */
export interface PrefetchTiers {
  /** In their order. */
  readonly names: readonly string[];
  /** The tier of each key in front of the first that no tier has; each is kept there for a time, as by a lookup. */
  locate(keys: readonly ChunkKey[]): Promise<readonly string[]>;
  /** Reads a chunk that was found in the tier `place`, and leaves it in those from number `upTo` on. */
  read(key: ChunkKey, place: string, upTo: number): Awaitable<ReadOutcome>;
  /** Keeps a chunk for a time. */
  lease(key: ChunkKey): void;
  gate(tier: string): LoadGate;
}
