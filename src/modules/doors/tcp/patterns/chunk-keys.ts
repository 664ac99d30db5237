import { ChunkKey, MAX_KEY_BYTES } from '../../../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';

/** Highest namespace a key can have. */
const MAX_NAMESPACE = 0x7fff_ffff;

/**
 * @param bytes kept: the caller must not change them.
 * @throws KV_TCP_FRAME
 */
export function chunkKey(bytes: Buffer, namespace: number): ChunkKey {
  if (bytes.length === 0 || bytes.length > MAX_KEY_BYTES) throw frameError(`a key of ${bytes.length} bytes`);
  if (namespace > MAX_NAMESPACE) throw frameError(`the namespace ${namespace}`);
  return new ChunkKey(bytes, namespace);
}
