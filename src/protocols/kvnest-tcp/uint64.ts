import { frameError } from './frame.js';

const HIGH_WORD = 2 ** 32;

export function writeUInt64(target: Buffer, value: number, at: number): void {
  target.writeUInt32LE(value % HIGH_WORD, at);
  target.writeUInt32LE(Math.floor(value / HIGH_WORD), at + 4);
}

/** @throws KV_TCP_FRAME for one of more than 53 bits. */
export function readUInt64(bytes: Buffer, at: number): number {
  const value = bytes.readUInt32LE(at) + HIGH_WORD * bytes.readUInt32LE(at + 4);
  if (!Number.isSafeInteger(value)) throw frameError('a number of more than 53 bits');
  return value;
}
