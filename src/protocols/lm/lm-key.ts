/** LMCache's client asserts this; there is no room for more. */
export const MAX_LM_KEY_BYTES = 150;

/** Everything that Python's `strip` or JavaScript's `trim` takes off. */
// eslint-disable-next-line no-control-regex -- Python takes these separators for white space
const OUTER_SPACE = /^[\s\u001c-\u001f\u0085]|[\s\u001c-\u001f\u0085]$/;
const DTYPES =
  'half|bfloat16|float|double|u?int8|int16|int32|int64|bool|fp8_e4m3fn|fp8_e4m3fnuz|fp8_e5m2|fp8_e5m2fnuz';
/** `model@world_size@worker_id@chunk_hash@dtype[@layer][@tag%value…]`, as strictly as LMCache 0.5.6 reads it. */
const CACHE_ENGINE_KEY = new RegExp(
  `^[^@]*@\\d+@\\d+@-?[\\da-fA-F]+@(?:${DTYPES})(?:@\\d+)?(?:@[^@%]*%[^@]*)*$`,
);

/** Whether a key comes out of a header as it went in. */
export function isLmKey(key: string): boolean {
  return key !== '' && Buffer.byteLength(key) <= MAX_LM_KEY_BYTES && !OUTER_SPACE.test(key);
}

/**
 * Whether LMCache's own server can read the key. It closes the connection of whoever sends it another one.
 */
export function isCacheEngineKey(key: string): boolean {
  return CACHE_ENGINE_KEY.test(key);
}

/** The key without the spaces around it, in bytes of its own. */
export function trimLmKey(padded: Buffer): Buffer {
  let start = 0;
  let end = padded.length;
  while (start < end && isSpace(padded[start])) start++;
  while (end > start && isSpace(padded[end - 1])) end--;
  return Buffer.from(padded.subarray(start, end));
}

/** White space of ASCII, as Python counts it. */
function isSpace(byte: number | undefined): boolean {
  return (
    byte !== undefined && (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || (byte >= 0x1c && byte <= 0x1f))
  );
}
