/** How the bytes of a chunk are laid out: LMCache's numbers. T tokens, L layers, D hidden size. */
export const MEMORY_FORMATS = {
  UNDEFINED: 0,
  /** `[2, L, T, D]` */
  KV_2LTD: 1,
  /** `[T, 2, D]`, one layer */
  KV_T2D: 2,
  /** `[2, T, D]`, one layer */
  KV_2TD: 3,
  /** Bytes without a shape */
  BINARY: 4,
  BINARY_BUFFER: 5,
  /** `[1, L, T, D]`, latent attention */
  KV_MLA_FMT: 6,
  /** `[T, D]`, encoder output */
  EC_TD: 7,
  /** `[T, D]`, hidden states */
  HS_TD: 8,
} as const;

const NAMES: readonly string[] = Object.keys(MEMORY_FORMATS);

/** @returns the name, or `unknown(<n>)`. */
export function memoryFormatName(format: number): string {
  return NAMES[format] ?? `unknown(${format})`;
}

/** Whether the shape of this format is only a length, whose zeros mean nothing. */
export function isBinaryFormat(format: number): boolean {
  return format === MEMORY_FORMATS.BINARY || format === MEMORY_FORMATS.BINARY_BUFFER;
}
