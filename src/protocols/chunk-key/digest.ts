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

/** Seeds, then multipliers, for who computes the same digests elsewhere in this process. */
export const DIGEST_SECRETS = Uint32Array.of(SEED_A, SEED_B, SEED_C, SEED_D, MUL_A, MUL_B, MUL_C, MUL_D);

/** The last digest; reused, so that hashing a key allocates nothing. */
const words = new Uint32Array(4);
/** The memory that the last key was in: those of one connection, and of the pool of small buffers, are in the same. */
let lastView: DataView = new DataView(new ArrayBuffer(0));
/** Larger memory is not kept from being freed. */
const MAX_KEPT_BYTES = 1024 * 1024;

/**
 * A 128-bit hash of a key, in four unsigned words, by the mixing steps of MurmurHash3 x86_128 over whole words.
 * Seeded at random per process, so that nobody can prepare collisions; it is never written to disk or to a wire.
 *
 * @returns an array that the next call overwrites.
 */
export function digest128(bytes: Buffer, namespace: number): Uint32Array {
  digestInto(words, 0, viewOf(bytes.buffer), bytes.byteOffset, bytes.length, namespace);
  return words;
}

/** As `digest128`, of the `length` bytes from `from` on, to four words of `out` from `at` on. */
export function digestInto(
  out: Uint32Array,
  at: number,
  bytes: DataView,
  from: number,
  length: number,
  namespace: number,
): void {
  const end = from + length;
  let a = SEED_A ^ namespace;
  let b = SEED_B;
  let c = SEED_C;
  let d = SEED_D ^ length;
  for (let i = from; i < end; i += 16) {
    const isWhole = i + 16 <= end;
    const w0 = isWhole ? bytes.getInt32(i, true) : paddedWord(bytes, i, end);
    const w1 = isWhole ? bytes.getInt32(i + 4, true) : paddedWord(bytes, i + 4, end);
    const w2 = isWhole ? bytes.getInt32(i + 8, true) : paddedWord(bytes, i + 8, end);
    const w3 = isWhole ? bytes.getInt32(i + 12, true) : paddedWord(bytes, i + 12, end);
    a ^= imul(rotl(imul(w0, MUL_A), 15), MUL_B);
    a = imul(rotl(a, 19) + b, 5) + 0x561ccd1b;
    b ^= imul(rotl(imul(w1, MUL_B), 16), MUL_C);
    b = imul(rotl(b, 17) + c, 5) + 0x0bcaa747;
    c ^= imul(rotl(imul(w2, MUL_C), 17), MUL_D);
    c = imul(rotl(c, 15) + d, 5) + 0x96cd1c35;
    d ^= imul(rotl(imul(w3, MUL_D), 18), MUL_A);
    d = imul(rotl(d, 13) + a, 5) + 0x32ac3b17;
  }
  a = fmix((a + b + c + d) | 0);
  b = fmix((b + a) | 0);
  c = fmix((c + a) | 0);
  d = fmix((d + a) | 0);
  out[at] = a + d;
  out[at + 1] = b;
  out[at + 2] = c;
  out[at + 3] = d;
}

function viewOf(memory: ArrayBufferLike): DataView {
  if (lastView.buffer === memory) return lastView;
  const view = new DataView(memory);
  if (memory.byteLength <= MAX_KEPT_BYTES) lastView = view;
  return view;
}

function rotl(x: number, r: number): number {
  return (x << r) | (x >>> (32 - r));
}

function fmix(h: number): number {
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The word at `from`, with zeros from `end` on: the length is a part of the hash. */
function paddedWord(bytes: DataView, from: number, end: number): number {
  if (from + 4 <= end) return bytes.getInt32(from, true);
  let value = 0;
  for (let i = end - 1; i >= from; i--) value = (value << 8) | bytes.getUint8(i);
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
