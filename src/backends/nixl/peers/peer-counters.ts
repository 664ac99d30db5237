/** What is counted of one peer; each only grows. */
export interface PeerCounters {
  /** Questions that it was asked, reads included. */
  asked: number;
  /** Chunks that it gave, and their bytes. */
  hits: number;
  hit_bytes: number;
  /** Questions that were not answered, or not in time. */
  failures: number;
  /** How often it was left alone for a while. */
  back_offs: number;
  /** Chunks whose bytes were not what they should be. */
  corruptions: number;
}

const NONE: Readonly<PeerCounters> = {
  asked: 0,
  hits: 0,
  hit_bytes: 0,
  failures: 0,
  back_offs: 0,
  corruptions: 0,
};

/** @returns the sum of each count; of nothing, zeros. */
export function addCounters(...all: readonly Readonly<PeerCounters>[]): PeerCounters {
  const sum = { ...NONE };
  const names = Object.keys(sum) as (keyof PeerCounters)[];
  for (const counters of all) for (const name of names) sum[name] += counters[name];
  return sum;
}
