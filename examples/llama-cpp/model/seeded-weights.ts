/** Numbers in [0, 1) from a seed, the same on every machine (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seed from a name (FNV-1a). */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

const f32 = new Float32Array(1);
const f32Bits = new Uint32Array(f32.buffer);

/** IEEE half-precision bits of a small finite number; what is too small for a normal half becomes zero. */
function halfBits(value: number): number {
  f32[0] = value;
  const bits = (f32Bits[0] ?? 0) + 0x1000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const sign = (bits >>> 16) & 0x8000;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/** `count` weights, uniform in ±`bound`, as little-endian f16; the seed is the tensor's name. */
export function seededHalfs(name: string, count: number, bound: number): Buffer {
  const random = seededRandom(seedOf(name));
  const halfs = new Uint16Array(count);
  for (let i = 0; i < count; i++) halfs[i] = halfBits((random() * 2 - 1) * bound);
  return Buffer.from(halfs.buffer);
}
