/** Steps per doubling: the size of a slot is at most an eighth above what was asked. */
const STEPS = 8;
const UNIT_BYTES = 64;
const FIRST_DOUBLING = 9;

/** Values up to this length share pages; above it, rounding to whole pages loses at most 10 %. */
export const MAX_SHARED_BYTES = 40 * 1024;

/** The class of slots that a value of this length takes. Slots are multiples of 64 bytes. */
export function sizeClassOf(bytes: number): number {
  if (bytes <= UNIT_BYTES * STEPS) return bytes <= UNIT_BYTES ? 0 : Math.ceil(bytes / UNIT_BYTES) - 1;
  const doubling = 31 - Math.clz32(bytes - 1);
  const step = Math.ceil((bytes - 2 ** doubling) / 2 ** (doubling - 3));
  return STEPS - 1 + (doubling - FIRST_DOUBLING) * STEPS + step;
}

export const SIZE_CLASS_COUNT = sizeClassOf(MAX_SHARED_BYTES) + 1;

/** Bytes of a slot of this class. */
export function slotBytesOf(sizeClass: number): number {
  if (sizeClass < STEPS) return (sizeClass + 1) * UNIT_BYTES;
  const doubling = FIRST_DOUBLING + Math.floor((sizeClass - STEPS) / STEPS);
  return 2 ** doubling + ((sizeClass % STEPS) + 1) * 2 ** (doubling - 3);
}
