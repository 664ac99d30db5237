import { type RecodeRefusal } from '../tiers/forms/recode.interface.js';

export interface CompressRequest {
  /** Name of the tier in which chunks are compressed. */
  readonly tier: string;
  /** `zstd`: without loss; `int8`, `fp8`: numbers of eight bits. */
  readonly codec: string;
  /**
   * Largest error of a value that is acceptable, as a part of the largest magnitude among the 128 values around it: at least that of the
   * codec. Needed where it loses something.
   */
  readonly maxError?: number;
  /** What the values of chunks are whose metadata do not say, by PyTorch's name. */
  readonly dtype?: string;
}

export interface DecompressRequest {
  /** Name of the tier in which chunks are decompressed. */
  readonly tier: string;
}

/** How far it is; each number of chunks, or of bytes in the tier. */
export interface CompressionProgress {
  /** `done`, or `cancelled` with the server. */
  readonly state: 'compressing' | 'decompressing' | 'done' | 'cancelled';
  readonly total: number;
  readonly compressed: number;
  readonly decompressed: number;
  /** Had this form already. */
  readonly there: number;
  /** Not in the tier. */
  readonly missing: number;
  /** Stay as they are. */
  readonly kept: number;
  /** Why, and how many for that reason. */
  readonly reasons: Readonly<Partial<Record<RecodeRefusal, number>>>;
  /** Of those that were found. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}
