import { type CodecName } from '../protocols/encoded-chunk/encoded-chunk.js';
import { type ElementType } from './element-type.js';

/** Writes a decoded block to where it belongs, which is as long as the block. @returns false when it is damaged. */
export type WriteBlock = (target: Buffer) => boolean;

/** Why a chunk is not encoded: its values cannot be, it would not be smaller, or there is no memory for it. */
export type EncodingRefusal = 'unfit' | 'larger' | 'busy';

/** Encodes blocks of values. What it can do is data: nobody asks for a name. */
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
   * Holds the event loop for less than a millisecond.
   *
   * @param room a little longer than the block; not used any more when the promise settles, except by what it settles with.
   */
  encode(block: Buffer, type: ElementType, room: Buffer): Promise<Buffer | EncodingRefusal>;
  /** As `encode`. @returns undefined for what is no block of so many bytes. */
  decode(encoded: Buffer, type: ElementType, blockBytes: number): Promise<WriteBlock | undefined>;
}
