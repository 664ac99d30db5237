import { type FloatFormat } from './float-format.js';

/** What makes numbers of eight bits of blocks of values, and back; both as long as they must be. */
export interface ScaledWork {
  /** @returns CRC-32C of what it is decoded to; negative for values that have no scale. */
  encode(format: FloatFormat, block: Buffer, encoded: Buffer): Promise<number>;
  /** @returns CRC-32C of the block. */
  decode(format: FloatFormat, encoded: Buffer, block: Buffer): Promise<number>;
}
