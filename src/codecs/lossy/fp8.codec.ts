import { loadNative } from '../../arena/native/load-native.js';
import { NativeNumbers } from '../../arena/native/native-blocks.types.js';
import { roundOff } from './float-format.js';
import { type ScaledDefinition, scaledCodec } from './scaled.codec.js';

/** Between the exponents of e4m3 and single precision. */
const EXPONENTS = 2 ** 120;
/** 448; what follows is NaN. */
const LARGEST = 0x7e;

const DECODED = Float32Array.from({ length: 256 }, (_, encoding) => {
  const magnitude = new Float32Array(Uint32Array.of((encoding & 0x7f) << 20).buffer)[0] as number;
  return (encoding & 0x80 ? -1 : 1) * magnitude * EXPONENTS;
});

/**
 * Floating-point numbers with four bits of exponent and three of mantissa (e4m3fn): a sixteenth of a value from 1/7168 of the
 * largest magnitude on, at the worst 16 of 448, 1/28 of the largest; rounding to bfloat16 adds 1/256.
 */
export const FP8: ScaledDefinition = {
  name: 'fp8',
  maxError: 0.04,
  numbers: {
    native: NativeNumbers.Fp8,
    peak: 448,
    encode: ({ floats, bits }, count, factor, target, at) => {
      const scaled = factor / EXPONENTS;
      for (let i = 0; i < count; i++) {
        floats[i] = (floats[i] as number) * scaled;
        const single = bits[i] as number;
        const rounded = roundOff(single & 0x7fffffff, 20);
        target[at + i] = ((single >>> 24) & 0x80) | (rounded < LARGEST ? rounded : LARGEST);
      }
    },
    decode: (source, at, count, scale, { floats }) => {
      for (let i = 0; i < count; i++) floats[i] = (DECODED[source[at + i] as number] as number) * scale;
    },
  },
};

export const fp8Codec = scaledCodec(FP8, loadNative().addon?.blocks);
