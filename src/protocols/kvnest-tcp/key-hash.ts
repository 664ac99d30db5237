const { imul } = Math;

/** Seed of the second half. */
const SECOND_SEED = 0x9747b28c;

/** Two halves of a hash that is the same in every process: each is MurmurHash3 (x86, 32 bits) of the key's bytes. */
export interface KeyHash {
  /** With the namespace as its seed. */
  readonly first: number;
  /** With the namespace XOR `0x9747b28c` as its seed. */
  readonly second: number;
}

export function hashKey(bytes: Uint8Array, namespace: number): KeyHash {
  return { first: murmur3(bytes, namespace), second: murmur3(bytes, namespace ^ SECOND_SEED) };
}

function murmur3(bytes: Uint8Array, seed: number): number {
  const { length } = bytes;
  const whole = length - (length % 4);
  let hash = seed;
  for (let i = 0; i < whole; i += 4) {
    const word = at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    hash ^= mixed(word);
    hash = imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  let rest = 0;
  for (let i = length - 1; i >= whole; i--) rest = (rest << 8) | at(bytes, i);
  if (whole < length) hash ^= mixed(rest);
  hash ^= length;
  hash = imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixed(word: number): number {
  const product = imul(word, 0xcc9e2d51);
  return imul((product << 15) | (product >>> 17), 0x1b873593);
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
