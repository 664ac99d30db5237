import { AGES, AGE_WIDTHS, scaleAge } from './age-scale.js';
import { type ReuseRecord } from './reuse-record.js';

/** So many observations outweigh what is assumed without any. */
const ASSUMED = 300;
/** Without observations the chance to be asked for is this part of what it was half an octave of age before. */
const DECLINE = 0.7;

/**
 * What a place in the tier is worth that a chunk takes: hits for the time that it is kept, if it is kept for the best length of time
 * from now on (Gittins' index). It follows from the chances of chunks of its kind that were not asked for until its age.
 */
export class HitDensities {
  readonly #kinds: number;
  /** All alike, as long as nothing is known. */
  readonly #densities: Float64Array[];

  constructor(kinds: number) {
    this.#kinds = kinds;
    this.#densities = Array.from({ length: kinds }, () => new Float64Array(AGES).fill(1));
  }

  get allocatedBytes(): number {
    return this.#kinds * 8 * AGES;
  }

  /** Hits per read or write of the tier, interpolated. */
  at(kind: number, age: number): number {
    const densities = this.#densities[kind] as Float64Array;
    const place = scaleAge(age);
    const step = Math.floor(place);
    const offset = place - step - 0.5;
    const neighbour = Math.min(Math.max(step + Math.sign(offset), 0), AGES - 1);
    const weight = Math.abs(offset);
    return (densities[step] as number) * (1 - weight) + (densities[neighbour] as number) * weight;
  }

  /** Takes new observations into account. */
  learn(record: ReuseRecord, now: number): void {
    const reused = Array.from({ length: this.#kinds }, (_, kind) => record.reused(kind));
    const unused = Array.from({ length: this.#kinds }, (_, kind) => record.unused(kind, now));
    const common = chances(sum(reused), sum(unused), (_, before) => before * DECLINE);
    for (let kind = 0; kind < this.#kinds; kind++) {
      const own = chances(
        reused[kind] as Float64Array,
        unused[kind] as Float64Array,
        (step) => common[step] as number,
      );
      fillDensities(this.#densities[kind] as Float64Array, own);
    }
  }
}

/** For each step of age the chance to be asked for in it, of what was not until then. */
function chances(
  reused: Float64Array,
  unused: Float64Array,
  assume: (step: number, before: number) => number,
): Float64Array {
  const waiting = new Float64Array(AGES);
  let left = 0;
  for (let step = AGES - 1; step >= 0; step--) {
    left += (reused[step] as number) + (unused[step] as number);
    waiting[step] = left;
  }
  let before = 0;
  return waiting.map((count, step) => {
    before = ((reused[step] as number) + ASSUMED * assume(step, before)) / (count + ASSUMED);
    return before;
  });
}

function fillDensities(densities: Float64Array, chance: Float64Array): void {
  for (let age = 0; age < AGES; age++) {
    let left = 1;
    let hits = 0;
    let time = 0;
    let best = 0;
    for (let step = age; step < AGES; step++) {
      const own = chance[step] as number;
      hits += left * own;
      time += left * (AGE_WIDTHS[step] as number) * (1 - own / 2);
      left *= 1 - own;
      best = Math.max(best, hits / time);
    }
    densities[age] = best;
  }
}

function sum(columns: readonly Float64Array[]): Float64Array {
  return new Float64Array(AGES).map((_, i) =>
    columns.reduce((total, column) => total + (column[i] as number), 0),
  );
}
