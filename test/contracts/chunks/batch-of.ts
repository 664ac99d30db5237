import { type ChunkKey } from '../../../src/protocols/chunk-key/chunk-key.js';
import { KeyBatch } from '../../../src/protocols/chunk-key/key-batch.js';

/** The keys, which are of one namespace, as they would come over a wire: one after the other, at odd places. */
export function batchOf(keys: readonly ChunkKey[]): KeyBatch {
  const batch = new KeyBatch();
  batch.reset(Buffer.concat(keys.flatMap(({ bytes }) => [Buffer.from('#'), bytes])), keys[0]?.namespace ?? 0);
  let at = 1;
  for (const { bytes } of keys) {
    batch.add(at, bytes.length);
    at += bytes.length + 1;
  }
  return batch;
}
