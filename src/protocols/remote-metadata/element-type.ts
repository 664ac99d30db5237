/** Element types by LMCache's code, with PyTorch's name and the size of one element. */
const ELEMENT_TYPES: readonly (readonly [name: string, bytes: number])[] = [
  ['none', 0],
  ['float16', 2],
  ['float16', 2],
  ['bfloat16', 2],
  ['float32', 4],
  ['float64', 8],
  ['uint8', 1],
  ['float8_e4m3fn', 1],
  ['float8_e5m2', 1],
];

/** The code that LMCache writes for each type; it reads 1 as `float16`, too. */
export const ELEMENT_TYPE_CODES = {
  none: 0,
  float16: 2,
  bfloat16: 3,
  float32: 4,
  float64: 5,
  uint8: 6,
  float8_e4m3fn: 7,
  float8_e5m2: 8,
} as const;

/** @returns PyTorch's name, or `unknown(<n>)`. */
export function elementTypeName(code: number): string {
  return ELEMENT_TYPES[code]?.[0] ?? `unknown(${code})`;
}

/** @returns the bytes of one element, or undefined for an unknown code. */
export function elementBytes(code: number): number | undefined {
  return ELEMENT_TYPES[code]?.[1];
}
