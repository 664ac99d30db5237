import { randomInt } from 'node:crypto';

/** Held here because looking up a global is slow where modules run in a context of their own, as under jest. */
const { imul } = Math;

/**
 * The secrets of this process. MurmurHash3 with a secret seed alone has collisions that hold for every seed, because
 * its multipliers are known; here they are secret, too.
 */
const [SEED_A, SEED_B, SEED_C, SEED_D] = [secretWord(), secretWord(), secretWord(), secretWord()];
const [MUL_A, MUL_B, MUL_C, MUL_D] = [
  secretMultiplier(),
  secretMultiplier(),
  secretMultiplier(),
  secretMultiplier(),
];

/** The four words of the last digest; reused, so that hashing a key allocates nothing. */
const words: [number, number, number, number] = [0, 0, 0, 0];

/**
 * A 128-bit hash of a key, in four unsigned words, by the mixing steps of MurmurHash3 x86_128 over whole words.
 * Seeded at random per process, so that nobody can prepare collisions; it is never written to disk or to a wire.
 *
 * @returns an array that the next call overwrites.
 */
export function digest128(bytes: Buffer, namespace: number): readonly [number, number, number, number] {
  const length = bytes.length;
  let a = SEED_A ^ namespace;
  let b = SEED_B;
  let c = SEED_C;
  let d = SEED_D ^ length;
  let i = 0;
  for (; i + 16 <= length; i += 16) {
    a ^= imul(rotl(imul(word(bytes, i), MUL_A), 15), MUL_B);
    a = imul(rotl(a, 19) + b, 5) + 0x561ccd1b;
    b ^= imul(rotl(imul(word(bytes, i + 4), MUL_B), 16), MUL_C);
    b = imul(rotl(b, 17) + c, 5) + 0x0bcaa747;
    c ^= imul(rotl(imul(word(bytes, i + 8), MUL_C), 17), MUL_D);
    c = imul(rotl(c, 15) + d, 5) + 0x96cd1c35;
    d ^= imul(rotl(imul(word(bytes, i + 12), MUL_D), 18), MUL_A);
    d = imul(rotl(d, 13) + a, 5) + 0x32ac3b17;
  }
  for (; i < length; i += 4) {
    a ^= imul(rotl(imul(tailWord(bytes, i, length), MUL_A), 15), MUL_B);
    a = imul(rotl(a, 19) + b, 5) + 0x561ccd1b;
    b = imul(rotl(b ^ a, 17) + c, 5);
    c = imul(rotl(c ^ b, 15) + d, 5);
    d = imul(rotl(d ^ c, 13) + a, 5);
  }
  a = fmix((a + b + c + d) | 0);
  b = fmix((b + a) | 0);
  c = fmix((c + b) | 0);
  d = fmix((d + c + a) | 0);
  words[0] = (a + d) >>> 0;
  words[1] = b >>> 0;
  words[2] = c >>> 0;
  words[3] = d >>> 0;
  return words;
}

function rotl(x: number, r: number): number {
  return (x << r) | (x >>> (32 - r));
}

function fmix(h: number): number {
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function word(bytes: Buffer, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  );
}

function tailWord(bytes: Buffer, from: number, length: number): number {
  let value = 0;
  for (let i = Math.min(from + 4, length) - 1; i >= from; i--) value = (value << 8) | (bytes[i] as number);
  return value;
}

function secretWord(): number {
  return randomInt(2 ** 32) | 0;
}

/** Odd, so that no bit is lost, and neither sparse nor dense, so that it mixes. */
function secretMultiplier(): number {
  for (;;) {
    const candidate = secretWord() | 1;
    const ones = (candidate >>> 0).toString(2).replaceAll('0', '').length;
    if (ones >= 12 && ones <= 20) return candidate;
  }
}
