import { type ChunkKey } from './chunk-key.js';
import { describeEngineKey } from './engine-key.js';
import { describeObjectKey } from './object-key.js';

/** Whose chunk a key names; empty strings where the key does not tell. */
export interface KeyDescription {
  readonly model: string;
  /** The cache salt of an object key; the tags of an in-process key, as they stand there (`user%bob`). */
  readonly tenant: string;
}

const UNKNOWN: KeyDescription = Object.freeze({ model: '', tenant: '' });

/** Reads model and tenant from a key, for statistics and policies. Never throws. */
export function describeKey(key: ChunkKey): KeyDescription {
  const text = key.toString();
  const object = describeObjectKey(text);
  if (object !== undefined) return { model: object.model, tenant: object.salt };
  const engine = describeEngineKey(text);
  return engine === undefined ? UNKNOWN : { model: engine.model, tenant: engine.tags };
}
