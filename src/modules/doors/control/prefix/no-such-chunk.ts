/** What is wrong with the index of a chunk to be stored. @param chunkCount how many the tokens make. */
export function noSuchChunk(chunkCount: number): string {
  return chunkCount === 0
    ? 'is no chunk: the tokens are too few for one; see chunk_size, and save_unfull_chunk for the last, partial one'
    : `must be a chunk of the tokens: 0 to ${chunkCount - 1}`;
}
