const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range';

/** A signed 64-bit integer in the only form that Redis takes, or undefined. */
export function parseInt64(text: Buffer): bigint | undefined {
  const digits = text.length <= 20 ? text.toString('latin1') : '';
  if (!INTEGER.test(digits)) return undefined;
  const value = BigInt(digits);
  return value < MIN_INT64 || value > MAX_INT64 ? undefined : value;
}
