import { NativeValues } from '../../arena/native/native-blocks.types.js';
import { ELEMENT_TYPE_CODES } from '../../protocols/remote-metadata/element-type.js';
import { type ElementType } from '../element-type.js';

export type Elements = Uint16Array | Uint32Array;

/** Values with their bits, which are the same memory. */
export interface Values {
  readonly floats: Float32Array;
  readonly bits: Uint32Array;
}

/** How numbers of a type lie in memory, little-endian. */
export interface FloatFormat {
  /** Bytes of one. */
  readonly bytes: number;
  /** For the addon, which does the same. */
  readonly native: NativeValues;
  /** @param bytes aligned to the elements. */
  over(bytes: Buffer): Elements;
  /** The bits of an element without its sign: they are in the order of the magnitudes, with infinity and NaN above all. */
  readonly magnitudeMask: number;
  /**
   * Magnitudes of which a scale can be made, by their bits. Below the smallest, rounding to an element would be a larger part of the
   * magnitude than a codec declares, or the scale would have too few digits.
   */
  readonly smallest: number;
  readonly largest: number;
  /** Reads the first `count` values. */
  load(elements: Elements, from: number, count: number, values: Values): void;
  /** Writes the elements that are nearest to the values, which are lost. */
  store(values: Values, count: number, elements: Elements, to: number): void;
}

const BFLOAT16: FloatFormat = {
  bytes: 2,
  native: NativeValues.Bfloat16,
  over: over16,
  magnitudeMask: 0x7fff,
  smallest: 0x0080,
  largest: 0x7f7f,
  load: (elements, from, count, { bits }) => {
    for (let i = 0; i < count; i++) bits[i] = (elements[from + i] as number) << 16;
  },
  store: ({ bits }, count, elements, to) => {
    for (let i = 0; i < count; i++) elements[to + i] = roundOff(bits[i] as number, 16);
  },
};

/** Between the exponents of half and single precision: with it, subnormal numbers need no code of their own. */
const HALF_SCALE = 2 ** 112;

const FLOAT16: FloatFormat = {
  bytes: 2,
  native: NativeValues.Float16,
  over: over16,
  magnitudeMask: 0x7fff,
  smallest: 0x0080,
  largest: 0x7bff,
  load: (elements, from, count, { floats, bits }) => {
    for (let i = 0; i < count; i++) {
      const half = elements[from + i] as number;
      bits[i] = ((half & 0x8000) << 16) | ((half & 0x7fff) << 13);
      floats[i] = (floats[i] as number) * HALF_SCALE;
    }
  },
  store: ({ floats, bits }, count, elements, to) => {
    for (let i = 0; i < count; i++) {
      floats[i] = (floats[i] as number) / HALF_SCALE;
      const single = bits[i] as number;
      elements[to + i] = ((single >>> 16) & 0x8000) | roundOff(single & 0x7fffffff, 13);
    }
  },
};

const FLOAT32: FloatFormat = {
  bytes: 4,
  native: NativeValues.Float32,
  over: (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4),
  magnitudeMask: 0x7fffffff,
  smallest: 0x00800000,
  largest: 0x7f000000,
  load: (elements, from, count, { bits }) => {
    for (let i = 0; i < count; i++) bits[i] = elements[from + i] as number;
  },
  store: ({ bits }, count, elements, to) => {
    for (let i = 0; i < count; i++) elements[to + i] = bits[i] as number;
  },
};

const FORMATS: ReadonlyMap<number, FloatFormat> = new Map([
  [ELEMENT_TYPE_CODES.float16, FLOAT16],
  [ELEMENT_TYPE_CODES.bfloat16, BFLOAT16],
  [ELEMENT_TYPE_CODES.float32, FLOAT32],
]);

/** By LMCache's code of the type; undefined where that has another length, too. */
export function floatFormat({ code, bytes }: ElementType): FloatFormat | undefined {
  const format = FORMATS.get(code);
  return format?.bytes === bytes ? format : undefined;
}

/** Leaves the last bits of an encoding off, to the nearest, and to the even one between two. */
export function roundOff(bits: number, places: number): number {
  return (bits + ((1 << (places - 1)) - 1) + ((bits >>> places) & 1)) >>> places;
}

function over16(bytes: Buffer): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}
