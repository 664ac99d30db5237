import { MAX_KEY_BYTES, type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';

/** The longest name that a key gets: all of its bytes escaped, and the longest namespace. */
const MAX_NAME_BYTES = 2 * MAX_KEY_BYTES + 'kvnest:4294967295:'.length;

/** Whether a store with this limit takes the key. */
export function keyFits(key: ChunkKey, maxKeyBytes: number): boolean {
  if (maxKeyBytes >= MAX_NAME_BYTES) return true;
  return Buffer.byteLength(formatStoreKey(key)) <= maxKeyBytes;
}
