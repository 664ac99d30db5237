import { loadNative } from '../../arena/native/load-native.js';
import { NativeNumbers } from '../../arena/native/native-blocks.types.js';
import { type ScaledDefinition, scaledCodec } from './scaled.codec.js';

/** Added to a small number in single precision, it leaves the nearest whole one in the lowest bits. */
const ROUNDER = 1.5 * 2 ** 23;

/**
 * Whole numbers from -127 to 127: half a step is 1/254 of the largest magnitude, and rounding to bfloat16, the coarsest of the
 * types, adds 1/256 of it at most.
 */
export const INT8: ScaledDefinition = {
  name: 'int8',
  maxError: 0.008,
  numbers: {
    native: NativeNumbers.Int8,
    peak: 127,
    encode: ({ floats, bits }, count, factor, target, at) => {
      for (let i = 0; i < count; i++) {
        floats[i] = (floats[i] as number) * factor + ROUNDER;
        target[at + i] = bits[i] as number;
      }
    },
    decode: (source, at, count, scale, { floats }) => {
      for (let i = 0; i < count; i++) floats[i] = (((source[at + i] as number) << 24) >> 24) * scale;
    },
  },
};

export const int8Codec = scaledCodec(INT8, loadNative().addon?.blocks);
