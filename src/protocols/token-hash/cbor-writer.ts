/** Longest head of an item: one byte and a 64-bit number. */
export const MAX_CBOR_HEAD_BYTES = 9;

/** Major types of CBOR, in the upper three bits of a head. */
export const CBOR_UNSIGNED = 0x00;
export const CBOR_BYTES = 0x40;
export const CBOR_TEXT = 0x60;
export const CBOR_ARRAY = 0x80;
export const CBOR_NULL = 0xf6;

/**
 * Writes the head of an item in its shortest, canonical form.
 *
 * @param value below 2^32.
 * @returns the offset behind it.
 */
export function writeCborHead(target: Buffer, offset: number, major: number, value: number): number {
  let at = offset;
  if (value < 24) {
    target[at++] = major | value;
  } else if (value < 0x100) {
    target[at++] = major | 24;
    target[at++] = value;
  } else if (value < 0x10000) {
    target[at++] = major | 25;
    target[at++] = value >>> 8;
    target[at++] = value;
  } else {
    target[at++] = major | 26;
    target[at++] = value >>> 24;
    target[at++] = value >>> 16;
    target[at++] = value >>> 8;
    target[at++] = value;
  }
  return at;
}

/** Writes the big-endian number in 8 bytes as an unsigned integer, in its shortest form. */
export function writeCborUint64(target: Buffer, offset: number, value: Buffer): number {
  const high = value.readUInt32BE(0);
  if (high === 0) return writeCborHead(target, offset, CBOR_UNSIGNED, value.readUInt32BE(4));
  target[offset] = CBOR_UNSIGNED | 27;
  return offset + 1 + value.copy(target, offset + 1);
}
