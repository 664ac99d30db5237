/** Of eight bits. The mirror of `ScaledVariant::functions` in native/src/scaled_numbers.h, as are those of `NativeValues`. */
export const enum NativeNumbers {
  Int8 = 0,
  Fp8 = 1,
}

export const enum NativeValues {
  Bfloat16 = 0,
  Float16 = 1,
  Float32 = 2,
}

/**
 * What works on blocks of chunks, on threads of libuv's pool: the mirror of native/src/block_functions.cc. Source and target must not
 * change until the promise settles, and never overlap. Nobody collects or unmaps them meanwhile; a buffer on JavaScript's heap must not be
 * detached.
 */
export interface NativeBlocks {
  /** As `shuffleBytes`. */
  readonly shuffle: (source: Uint8Array, target: Uint8Array, elementBytes: number) => Promise<unknown>;
  /** As `unshuffleBytes`. @returns CRC-32C of the target. */
  readonly unshuffle: (source: Uint8Array, target: Uint8Array, elementBytes: number) => Promise<number>;
  readonly scaled: NativeScaled;
  /** What this processor can run of `avx512`, `avx2` and `portable`, best first. */
  readonly scaledVariants: Readonly<Record<string, NativeScaled>>;
}

/** Blocks of scales and numbers; one side is of as many values as the other. Nothing need be aligned. */
export interface NativeScaled {
  /** @returns CRC-32C of what the target is decoded to; -1 for values that have no scale. */
  readonly encode: ScaledWork;
  /** @returns CRC-32C of the target. */
  readonly decode: ScaledWork;
}

type ScaledWork = (
  numbers: NativeNumbers,
  values: NativeValues,
  source: Uint8Array,
  target: Uint8Array,
) => Promise<number>;
