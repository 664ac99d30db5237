/**
 * Puts the first bytes of all elements in front, then the second ones, and so on; what is left of an incomplete
 * element stays at the end. Bytes of floating-point numbers that are alike, signs and exponents, come to lie side by
 * side.
 *
 * @param target as long as `source`, and other memory.
 */
export function shuffleBytes(source: Uint8Array, target: Uint8Array, elementBytes: number): void {
  if (elementBytes === 1) {
    target.set(source);
    return;
  }
  const count = Math.floor(source.length / elementBytes);
  const done = elementBytes === 2 ? shuffleWords(source, target, count) : 0;
  for (let byte = 0; byte < elementBytes; byte++) {
    const plane = byte * count;
    for (let i = done; i < count; i++) target[plane + i] = source[i * elementBytes + byte] as number;
  }
  copyTail(source, target, count * elementBytes);
}

/** Undoes `shuffleBytes`. */
export function unshuffleBytes(source: Uint8Array, target: Uint8Array, elementBytes: number): void {
  if (elementBytes === 1) {
    target.set(source);
    return;
  }
  const count = Math.floor(source.length / elementBytes);
  const done = elementBytes === 2 ? unshuffleWords(source, target, count) : 0;
  for (let byte = 0; byte < elementBytes; byte++) {
    const plane = byte * count;
    for (let i = done; i < count; i++) target[i * elementBytes + byte] = source[plane + i] as number;
  }
  copyTail(source, target, count * elementBytes);
}

function copyTail(source: Uint8Array, target: Uint8Array, from: number): void {
  for (let i = from; i < source.length; i++) target[i] = source[i] as number;
}

/** The loops over words below count on it. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Two elements of two bytes at a time make up the words that are read, and four bytes of one plane those written. */
interface Words {
  readonly pairs: Uint32Array;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

/** Views of whole words, where the memory is aligned to them. */
function wordsOf(pairs: Uint8Array, planes: Uint8Array, count: number): Words | undefined {
  const quads = count >> 2;
  if (!LITTLE_ENDIAN || ((pairs.byteOffset | planes.byteOffset | count) & 3) !== 0) return undefined;
  return {
    pairs: new Uint32Array(pairs.buffer, pairs.byteOffset, 2 * quads),
    low: new Uint32Array(planes.buffer, planes.byteOffset, quads),
    high: new Uint32Array(planes.buffer, planes.byteOffset + count, quads),
  };
}

/** Half of the time of a loop over bytes. @returns how many elements it did. */
function shuffleWords(source: Uint8Array, target: Uint8Array, count: number): number {
  const words = wordsOf(source, target, count);
  if (words === undefined) return 0;
  const { pairs, low, high } = words;
  for (let i = 0; i < low.length; i++) {
    const a = pairs[2 * i] as number;
    const b = pairs[2 * i + 1] as number;
    low[i] = (a & 0xff) | ((a >>> 8) & 0xff00) | ((b & 0xff) << 16) | ((b << 8) & 0xff000000);
    high[i] = ((a >>> 8) & 0xff) | ((a >>> 16) & 0xff00) | ((b << 8) & 0xff0000) | (b & 0xff000000);
  }
  return count;
}

/** @returns how many elements it did. */
function unshuffleWords(source: Uint8Array, target: Uint8Array, count: number): number {
  const words = wordsOf(target, source, count);
  if (words === undefined) return 0;
  const { pairs, low, high } = words;
  for (let i = 0; i < low.length; i++) {
    const a = low[i] as number;
    const b = high[i] as number;
    pairs[2 * i] = (a & 0xff) | ((b & 0xff) << 8) | ((a & 0xff00) << 8) | ((b & 0xff00) << 16);
    pairs[2 * i + 1] = ((a >>> 16) & 0xff) | ((b >>> 8) & 0xff00) | ((a >>> 8) & 0xff0000) | (b & 0xff000000);
  }
  return count;
}
