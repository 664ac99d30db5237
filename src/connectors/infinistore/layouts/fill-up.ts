/** What the server allocates at least, and more than the largest segment of TCP. */
const UNIT_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(UNIT_BYTES);

/**
 * The same value with zeros behind it. The server sends pieces of 256 KiB, and keeps a last one that is shorter than a
 * segment back until the one before is acknowledged, which takes 40 ms: so a value has none. The zeros take no memory
 * there that would not be taken anyway.
 *
 * @param maxBytes of the value and what fills it up.
 */
export function fillUp(value: readonly Buffer[], maxBytes: number): readonly Buffer[] {
  const lengthBytes = value.reduce((sum, { length }) => sum + length, 0);
  const filledBytes = Math.min(Math.ceil(lengthBytes / UNIT_BYTES) * UNIT_BYTES, maxBytes);
  return filledBytes > lengthBytes ? [...value, ZEROS.subarray(0, filledBytes - lengthBytes)] : value;
}
