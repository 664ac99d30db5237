import { type BlockCodec } from '../block-codec.interface.js';
import { type ElementType } from '../element-type.js';
import { ownTurn } from '../own-turn.js';
import { type Elements, type FloatFormat, floatFormat, type Values } from './float-format.js';

/** Values that share a scale. */
export const SCALED_ELEMENTS = 128;
const SCALE_BYTES = 4;
/** Of the original; two tenths of a millisecond of the event loop. */
const BLOCK_BYTES = 64 * 1024;

/** Numbers of eight bits. */
export interface EightBits {
  /** The largest magnitude, to which that of the values is scaled. */
  readonly peak: number;
  /** The nearest to each of `count` values times `factor`; the values are lost. */
  encode(values: Values, count: number, factor: number, target: Buffer, at: number): void;
  /** Each times `scale`. */
  decode(source: Buffer, at: number, count: number, scale: number, values: Values): void;
}

/** All of them are worked on in one go. */
const FLOATS = new Float32Array(SCALED_ELEMENTS);
const VALUES: Values = { floats: FLOATS, bits: new Uint32Array(FLOATS.buffer) };

/**
 * A lossy codec: of each `SCALED_ELEMENTS` values a scale (float32), then, behind all scales of the block, a number of eight bits for
 * each value. Values come back rounded to their own type. A block with infinities, NaN or nothing but extremely small
 * values has no scale.
 */
export function scaledCodec({
  name,
  maxError,
  numbers,
}: Pick<BlockCodec, 'name' | 'maxError'> & { readonly numbers: EightBits }): BlockCodec {
  return {
    name,
    maxError,
    blockBytes: BLOCK_BYTES,
    takes: ({ code }) => floatFormat(code) !== undefined,
    encode: async (block, type, room) => {
      await ownTurn();
      const format = formatOf(type, block.length);
      if (format === undefined) return 'unfit';
      const count = block.length / type.bytes;
      const target = room.subarray(0, encodedBytes(count));
      const elements = format.over(aligned(block, type));
      return encodeAll(elements, count, format, numbers, target) ? target : 'unfit';
    },
    decode: async (encoded, type, blockBytes) => {
      await ownTurn();
      const format = formatOf(type, blockBytes);
      const count = blockBytes / type.bytes;
      if (format === undefined || encoded.length !== encodedBytes(count)) return undefined;
      return (target) => {
        const written = aligned(target, type);
        decodeAll(encoded, count, format, numbers, format.over(written));
        if (written !== target) target.set(written);
        return true;
      };
    },
  };
}

function formatOf({ code, bytes }: ElementType, blockBytes: number): FloatFormat | undefined {
  return blockBytes % bytes === 0 ? floatFormat(code) : undefined;
}

function encodedBytes(count: number): number {
  return SCALE_BYTES * Math.ceil(count / SCALED_ELEMENTS) + count;
}

/** The same bytes where elements can be read and written. */
function aligned(bytes: Buffer, type: ElementType): Buffer {
  if (bytes.byteOffset % type.bytes === 0) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** @returns false for values that have no scale. */
function encodeAll(
  elements: Elements,
  count: number,
  format: FloatFormat,
  numbers: EightBits,
  target: Buffer,
): boolean {
  let scaleAt = 0;
  const first = target.length - count;
  for (let from = 0; from < count; from += SCALED_ELEMENTS) {
    const group = Math.min(SCALED_ELEMENTS, count - from);
    const scale = scaleOf(elements, from, group, format, numbers.peak);
    if (scale === undefined) return false;
    scaleAt = target.writeFloatLE(scale, scaleAt);
    if (scale === 0) {
      target.fill(0, first + from, first + from + group);
      continue;
    }
    format.load(elements, from, group, VALUES);
    numbers.encode(VALUES, group, 1 / scale, target, first + from);
  }
  return true;
}

function decodeAll(
  encoded: Buffer,
  count: number,
  format: FloatFormat,
  numbers: EightBits,
  elements: Elements,
): void {
  const first = encoded.length - count;
  for (let from = 0, scaleAt = 0; from < count; from += SCALED_ELEMENTS, scaleAt += SCALE_BYTES) {
    const group = Math.min(SCALED_ELEMENTS, count - from);
    numbers.decode(encoded, first + from, group, encoded.readFloatLE(scaleAt), VALUES);
    format.store(VALUES, group, elements, from);
  }
}

/** @returns 0 where all values are zero. */
function scaleOf(
  elements: Elements,
  from: number,
  count: number,
  format: FloatFormat,
  peak: number,
): number | undefined {
  const { magnitudeMask, smallest, largest } = format;
  let most = 0;
  let at = from;
  for (let i = from; i < from + count; i++) {
    const magnitude = (elements[i] as number) & magnitudeMask;
    if (magnitude > most) {
      most = magnitude;
      at = i;
    }
  }
  if (most === 0) return 0;
  if (most < smallest || most > largest) return undefined;
  format.load(elements, at, 1, VALUES);
  return Math.fround(Math.abs(VALUES.floats[0] as number) / peak);
}
