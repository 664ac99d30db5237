import { type NativeBlocks } from '../../arena/native/native-blocks.types.js';
import { type BlockCodec } from '../block-codec.interface.js';
import { type ElementType } from '../element-type.js';
import { type EightBits, SCALED_ELEMENTS } from './eight-bits.interface.js';
import { floatFormat } from './float-format.js';
import { type ScaledWork } from './scaled-work.interface.js';
import { ScaledTurns } from './scaled-turns.js';

const SCALE_BYTES = 4;
const BLOCK_BYTES = 512 * 1024;

/** A lossy codec, but for what does the work. */
export interface ScaledDefinition extends Pick<BlockCodec, 'name' | 'maxError'> {
  readonly numbers: EightBits;
}

/**
 * A lossy codec: of each `SCALED_ELEMENTS` values a scale (float32), then, behind all scales of the block, a number of eight bits for
 * each value. Values come back rounded to their own type. A block with infinities, NaN or nothing but extremely small
 * values has no scale.
 *
 * @param blocks of the addon; without it the event loop does the work, to the same bits.
 */
export function scaledCodec(
  { name, maxError, numbers }: ScaledDefinition,
  blocks: NativeBlocks | undefined,
): BlockCodec {
  const work = blocks === undefined ? new ScaledTurns(numbers) : onThreads(blocks, numbers);
  return {
    name,
    maxError,
    blockBytes: BLOCK_BYTES,
    takes: (type) => floatFormat(type) !== undefined,
    encode: async (block, type, room) => {
      const format = floatFormat(type);
      if (format === undefined || block.length % type.bytes !== 0) return 'unfit';
      const bytes = room.subarray(0, encodedBytes(block, type));
      const checksum = await work.encode(format, block, bytes);
      return checksum < 0 ? 'unfit' : { bytes, checksum };
    },
    decode: async (encoded, type, target) => {
      const format = floatFormat(type);
      if (format === undefined || target.length % type.bytes !== 0) return undefined;
      return encoded.length === encodedBytes(target, type) ? work.decode(format, encoded, target) : undefined;
    },
  };
}

function onThreads({ scaled }: NativeBlocks, { native }: EightBits): ScaledWork {
  return {
    encode: (format, block, encoded) => scaled.encode(native, format.native, block, encoded),
    decode: (format, encoded, block) => scaled.decode(native, format.native, encoded, block),
  };
}

function encodedBytes(block: Buffer, type: ElementType): number {
  const count = block.length / type.bytes;
  return SCALE_BYTES * Math.ceil(count / SCALED_ELEMENTS) + count;
}
