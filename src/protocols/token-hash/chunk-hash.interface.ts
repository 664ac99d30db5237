/** Hashes one chunk: `tokens[start … end)` behind the chunk with the hash `previous` (32 or 8 bytes). */
export interface ChunkHash {
  /** @returns the whole digest, in memory of its own. */
  digest(previous: Buffer, tokens: Uint32Array, start: number, end: number): Buffer;
}
