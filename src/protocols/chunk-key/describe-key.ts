import { type ChunkKey } from './chunk-key.js';
import { describeEngineKey } from './engine-key.js';
import { describeObjectKey } from './object-key.js';

/** Whose chunk a key names; empty strings where the key does not tell. */
export interface KeyDescription {
  readonly model: string;
  /** The cache salt; where an in-process key has other tags, all of them as they stand there (`user%bob`). */
  readonly tenant: string;
}

const UNKNOWN: KeyDescription = Object.freeze({ model: '', tenant: '' });

/** Reads model and tenant from a key, for statistics and policies. Never throws. */
export function describeKey(key: ChunkKey): KeyDescription {
  const text = key.toString();
  return describeObjectKey(text) ?? describeEngineKey(text) ?? UNKNOWN;
}
