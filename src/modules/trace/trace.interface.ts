/**
 * What asked a cache for which blocks, in order. A block is what the trace names by one id: 512 tokens and all that stands in
 * front of them in Mooncake's traces, a chunk in those that kvnest records. Blocks are numbered from 0 by their first appearance.
 */
export interface Trace {
  /** How many requests there are. */
  readonly requests: number;
  /** How many different blocks there are. */
  readonly blockCount: number;
  /** References of request `r` are those from `starts[r]` up to `starts[r + 1]`. */
  readonly starts: Uint32Array;
  /** The block of each reference: a request names the blocks of its prefix from the first to the last. */
  readonly blocks: Uint32Array;
  /** Tokens that each reference stands for; 0 = unknown. */
  readonly tokens: Uint32Array;
  /** Place of each reference in its prefix, -1 = unknown. */
  readonly depths: Int32Array;
  /** Of each request, 1 = something was stored that nobody had asked for before: it is no part of the hit rate. */
  readonly storesOnly: Uint8Array;
  /** Of each request, milliseconds since the first. */
  readonly timesMs: Float64Array;
  /** Length of each block in bytes; 0 = nobody ever stored or found it, so that no cache would have it. */
  readonly blockBytes: Float64Array;
  /** Four 32-bit words of each block, as a digest of its key has them. */
  readonly digests: Uint32Array;
}
