import { type KeyHash } from './key-hash.js';

/** A key's bits lie in one block of so many bytes. */
export const FILTER_BLOCK_BYTES = 32;
const WORD_BYTES = 4;
const WORDS = FILTER_BLOCK_BYTES / WORD_BYTES;
const { imul } = Math;

/** One for each word of a block: those of Parquet's split block Bloom filter. */
const SALTS = [
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
] as const;

/**
 * A set of keys that may say yes of what is not in it, and never says no of what is: a split block Bloom filter. The first half of a
 * key's hash chooses the block, `first * blocks >> 32`; the second one bit in each of its eight words,
 * `(second * salt mod 2^32) >> 27`.
 */
export class KeyFilter {
  /** Bits of words that are little-endian. */
  readonly bytes: Buffer;
  readonly #blocks: number;

  /** @param bytes a multiple of 32, at least 32; kept. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#blocks = bytes.length / FILTER_BLOCK_BYTES;
  }

  add({ first, second }: KeyHash): void {
    const { bytes } = this;
    let at = this.#blockOf(first);
    for (let i = 0; i < WORDS; i++, at += WORD_BYTES) {
      const bit = bitOf(second, i);
      const byte = at + (bit >>> 3);
      bytes[byte] = (bytes[byte] as number) | (1 << (bit & 7));
    }
  }

  mayHave({ first, second }: KeyHash): boolean {
    let at = this.#blockOf(first);
    for (let i = 0; i < WORDS; i++, at += WORD_BYTES) {
      const bit = bitOf(second, i);
      if (((this.bytes[at + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  #blockOf(first: number): number {
    return FILTER_BLOCK_BYTES * Math.floor((first * this.#blocks) / 2 ** 32);
  }
}

function bitOf(second: number, word: number): number {
  return imul(second, SALTS[word] as number) >>> 27;
}
