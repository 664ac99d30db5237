import { describe, expect, it } from '@jest/globals';
import { HitDensities } from './hit-densities.js';
import { ReuseRecord } from './reuse-record.js';

const SPAN = 65_536;
const CHUNKS = 5_000;

/** Many chunks of kind 0 that come back after `afterwards`, and as many of kind 1 that never do. */
function learned(afterwards: number): HitDensities {
  const record = new ReuseRecord(2, SPAN, 0);
  for (let since = 0; since < CHUNKS; since++) for (const kind of [0, 1]) record.wait(kind, since, since);
  for (let since = 0; since < CHUNKS; since++) record.reuse(0, since, since + afterwards);
  const densities = new HitDensities(2);
  densities.learn(record, CHUNKS + afterwards + SPAN);
  return densities;
}

describe('HitDensities', () => {
  it('are all alike as long as nothing is known', () => {
    const densities = new HitDensities(3);
    expect([densities.at(0, 0), densities.at(1, 77), densities.at(2, 1e9)]).toEqual([1, 1, 1]);
  });

  it('are higher for what comes back', () => {
    const densities = learned(10_000);
    for (const age of [0, 10, 1_000, 5_000]) {
      expect(densities.at(0, age)).toBeGreaterThan(3 * densities.at(1, age));
    }
  });

  it('rise until the age at which chunks come back, and are low behind it', () => {
    const densities = learned(10_000);
    const ages = [10, 1_000, 4_000, 7_000];
    const rising = ages.map((age) => densities.at(0, age));
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(densities.at(0, 60_000)).toBeLessThan(densities.at(0, 10) / 10);
  });

  it('are about one hit for the time that a chunk is kept for it', () => {
    expect(learned(10_000).at(0, 0)).toBeGreaterThan(0.5 / 10_000);
    expect(learned(10_000).at(0, 0)).toBeLessThan(1.5 / 10_000);
  });
});
