import { type BlockCodec } from '../../../codecs/block-codec.interface.js';
import { type ElementType } from '../../../codecs/element-type.js';
import { type Tier } from '../tier.js';

/** What is to become of a chunk in a tier. */
export interface RecodeOptions {
  readonly tier: Tier;
  /** Undefined: it is decoded. */
  readonly codec: BlockCodec | undefined;
  /** What its values are, where its metadata do not say. */
  readonly type: ElementType | undefined;
}

/**
 * Why a chunk stays as it is. `changed`: it was written meanwhile, or left the tier; `larger`: there would be nothing to save;
 * `unfit`: its values cannot be encoded; `type`: nobody says what they are; `loss`: they have lost something already; `busy`: there was
 * no room for it; `corrupt`: it could not be decoded; `failed`: the codec
 * failed, or the tier could not write it.
 */
export type RecodeRefusal = 'changed' | 'larger' | 'unfit' | 'type' | 'loss' | 'busy' | 'corrupt' | 'failed';

/** `there`: it had this form already; `missing`: the tier has no such chunk. */
export interface RecodeResult {
  readonly outcome: 'recoded' | 'there' | 'missing' | RecodeRefusal;
  /** What its bytes take in the tier, before and after; 0 where it is missing. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** Of chunks in place, since the start. */
export interface CompressionCounts {
  /** For a reader, or to be compressed otherwise. */
  readonly decodedChunks: number;
  readonly compressedChunks: number;
  readonly decompressedChunks: number;
  /** What compression saved when it was made, less what decompression took again. */
  readonly savedBytes: number;
}
