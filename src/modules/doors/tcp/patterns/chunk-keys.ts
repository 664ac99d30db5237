import { ChunkKey, MAX_KEY_BYTES } from '../../../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { MAX_NAMESPACE } from '../../control/input/namespace.js';

/** @throws KV_TCP_FRAME for what is no key. */
export function checkKey(lengthBytes: number): void {
  if (lengthBytes === 0 || lengthBytes > MAX_KEY_BYTES) throw frameError(`a key of ${lengthBytes} bytes`);
}

/** @throws KV_TCP_FRAME */
export function checkNamespace(namespace: number): void {
  if (namespace > MAX_NAMESPACE) throw frameError(`the namespace ${namespace}`);
}

/**
 * @param bytes kept: the caller must not change them.
 * @throws KV_TCP_FRAME
 */
export function chunkKey(bytes: Buffer, namespace: number): ChunkKey {
  checkKey(bytes.length);
  checkNamespace(namespace);
  return new ChunkKey(bytes, namespace);
}
