export interface Answer {
  /** Made from the states of all chunks: one byte that is wrong in one of them, and it is another one. */
  readonly answer: string;
  /** Which instance answered. */
  readonly pid: number;
  readonly promptTokens: number;
  /** Whose states kvnest had: they were not computed. */
  readonly tokensFromCache: number;
  readonly tokensComputed: number;
  /** Of those that were computed, how many kvnest has taken. */
  readonly chunksStored: number;
  readonly ms: number;
}
