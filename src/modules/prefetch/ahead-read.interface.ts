import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';

/** A chunk that is loaded, and that the receiver does not have yet. */
export interface SpareChunk {
  /** Of the chunk in the prefix. */
  readonly index: number;
  /** How many chunks of the prefix go to the receiver before. */
  readonly distance: number;
  /** Of the chunk in the arena. */
  readonly slot: number;
}

/** A read of a prefix as others see it that need room. */
export interface AheadRead {
  /** It is not a tier that holds it up, so it has no claim to anything beyond its windows. */
  readonly waitsForReceiver: boolean;
  /** What it can give up, in no order: each chunk once, so that what is given up and loaded again is not loaded for ever. */
  spareChunks(): readonly SpareChunk[];
  /** A spare chunk is loaded again when there is room in its window. */
  giveUp(index: number): void;
  /** Gives up the furthest of what is loaded beyond the windows. @returns false where there is none. */
  giveUpBeyondWindow(): boolean;
  /** Whether it loads this chunk as the next that the receiver gets, or one behind that; undefined: it does not load it. */
  loads(key: ChunkKey): 'next' | 'later' | undefined;
}
