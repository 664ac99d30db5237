/** Ages up to 2^28 in steps of half an octave. */
const STEPS_PER_OCTAVE = 2;
export const AGES = 28 * STEPS_PER_OCTAVE;

/** Where an age stands on the scale, between 0 and AGES - 1. */
export function scaleAge(age: number): number {
  return age < 1 ? 0 : Math.min(Math.log2(age) * STEPS_PER_OCTAVE, AGES - 1);
}

/** How many ages each step of the scale holds. */
export const AGE_WIDTHS: Readonly<Float64Array> = new Float64Array(AGES).map(
  (_, step) => 2 ** ((step + 1) / STEPS_PER_OCTAVE) - 2 ** (step / STEPS_PER_OCTAVE),
);
