import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';

export function keysOf(chunks: readonly { readonly key: ChunkKey }[]): readonly ChunkKey[] {
  return chunks.map(({ key }) => key);
}
