import { type EngineKey, parseEngineKey } from './engine-key.js';
import { type ObjectKey, parseObjectKey } from './object-key.js';

/**
 * Reads either of LMCache's key strings, leniently: old spellings, models with an `@`, prefixes and unknown dtypes
 * pass. For statistics and tests; equality of chunks is equality of the key's bytes, never of what is read here.
 *
 * @returns undefined when it is neither.
 */
export function parseChunkKey(text: string): EngineKey | ObjectKey | undefined {
  return parseObjectKey(text) ?? parseEngineKey(text);
}
