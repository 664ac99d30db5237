import { type CodecName } from '../protocols/encoded-chunk/encoded-chunk.js';
import { type ElementType } from './element-type.js';

/** Why a chunk is not encoded: its values cannot be, it would not be smaller, or there is no memory for it. */
export type EncodingRefusal = 'unfit' | 'larger' | 'busy';

export interface EncodedBlock {
  /** In the room that was given, or in memory of its own. */
  readonly bytes: Buffer;
  /** CRC-32C of what it is decoded to, where the codec loses something. */
  readonly checksum?: number;
}

/**
 * Encodes blocks of values, on threads where the addon is there; without it, in turns of the event loop of less than a millisecond. What it
 * can do is data: nobody asks for a name.
 */
export interface BlockCodec {
  readonly name: CodecName;
  /**
   * How far a value may come back from what it was, as a part of the largest magnitude among the `SCALED_ELEMENTS` around it;
   * 0: it comes back as it was.
   */
  readonly maxError: number;
  /** Bytes of the original in a block, the last one excepted. */
  readonly blockBytes: number;
  /** Whether it must know the type of the values, and knows this one. */
  takes(type: ElementType): boolean;
  /**
   * What it is given stays in place until the promise settles.
   *
   * @param room a little longer than the block; not used any more when the promise settles, except by what it settles with.
   */
  encode(block: Buffer, type: ElementType, room: Buffer): Promise<EncodedBlock | EncodingRefusal>;
  /**
   * As `encode`.
   *
   * @param target as long as the block was.
   * @returns CRC-32C of the target; undefined for what is no block of that length, which leaves anything there.
   */
  decode(encoded: Buffer, type: ElementType, target: Buffer): Promise<number | undefined>;
}
