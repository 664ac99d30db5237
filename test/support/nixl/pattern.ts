/** Fills with 32-bit words that depend on the seed and on their place. */
export function patternFill(bytes: Buffer, seed: number): void {
  let word = seed | 1;
  const words = Math.floor(bytes.length / 4);
  for (let i = 0; i < words; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(word, i * 4);
  }
  for (let i = words * 4; i < bytes.length; i++) bytes[i] = (seed + i) & 0xff;
}
