import { SeededRandom } from './seeded-random.js';

/** bfloat16 numbers as a cache has them: of both signs, exponents near each other, and random digits. */
export function kvNumbers(lengthBytes: number, seed = 0): Buffer {
  const random = new SeededRandom(seed + 1);
  const bytes = Buffer.alloc(lengthBytes);
  for (let i = 0; i + 1 < lengthBytes; i += 2) {
    bytes[i] = random.below(256);
    bytes[i + 1] = (random.below(2) << 7) | (0x3c + random.below(4));
  }
  return bytes;
}

/** The value of each number. */
export function bfloat16Values(bytes: Buffer): Float32Array {
  const words = Uint32Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readUInt16LE(2 * i) * 65536);
  return new Float32Array(words.buffer);
}

/** The largest error as a part of the largest magnitude among 128 values. */
export function worstError(before: Buffer, after: Buffer): number {
  const [a, b] = [bfloat16Values(before), bfloat16Values(after)];
  let worst = 0;
  for (let from = 0; from < a.length; from += 128) {
    let most = 0;
    let error = 0;
    for (let i = from; i < Math.min(from + 128, a.length); i++) {
      most = Math.max(most, Math.abs(a[i]!));
      error = Math.max(error, Math.abs(a[i]! - b[i]!));
    }
    worst = Math.max(worst, most === 0 ? error : error / most);
  }
  return worst;
}
