import { type NativeNumbers } from '../../arena/native/native-blocks.types.js';
import { type Values } from './float-format.js';

/** Values that share a scale. */
export const SCALED_ELEMENTS = 128;

/** Numbers of eight bits. */
export interface EightBits {
  /** For the addon, which does the same. */
  readonly native: NativeNumbers;
  /** The largest magnitude, to which that of the values is scaled. */
  readonly peak: number;
  /** The nearest to each of `count` values times `factor`; the values are lost. */
  encode(values: Values, count: number, factor: number, target: Buffer, at: number): void;
  /** Each times `scale`. */
  decode(source: Buffer, at: number, count: number, scale: number, values: Values): void;
}
