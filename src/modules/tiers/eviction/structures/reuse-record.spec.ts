import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../../../test/support/seeded-random.js';
import { scaleAge } from './age-scale.js';
import { ReuseRecord } from './reuse-record.js';

const SPAN = 4_096;

function at(age: number, count = 1): Record<number, number> {
  return Object.fromEntries([[Math.floor(scaleAge(age)), count]]);
}

function counts(ages: Float64Array): Record<number, number> {
  const steps = [...ages.entries()].filter(([, count]) => count !== 0);
  return Object.fromEntries(steps);
}

describe('ReuseRecord', () => {
  it('counts what comes back at its age, and what does not at the age that it has', () => {
    const record = new ReuseRecord(2, SPAN, 0);
    record.wait(0, 10, 10);
    record.wait(1, 20, 20);
    record.reuse(0, 10, 110);
    expect(counts(record.reused(0))).toEqual(at(100));
    expect(counts(record.unused(0, 110))).toEqual({});
    expect(counts(record.reused(1))).toEqual({});
    expect(counts(record.unused(1, 1_020))).toEqual(at(1_000));
  });

  it('waits for a chunk so long and no longer', () => {
    const record = new ReuseRecord(1, SPAN, 0);
    record.wait(0, 0, 0);
    expect(counts(record.unused(0, 100_000))).toEqual(at(SPAN));
  });

  it('lets what it saw fade', () => {
    const record = new ReuseRecord(1, SPAN, 0);
    record.wait(0, 0, 0);
    record.reuse(0, 0, 50);
    record.fade(0.25);
    expect(counts(record.reused(0))).toEqual(at(50, 0.25));
  });

  it('takes over what another saw and waits for, told in other epochs', () => {
    const before = new ReuseRecord(1, SPAN, 0);
    before.wait(0, 0, 0);
    before.wait(0, 1_000, 1_000);
    before.reuse(0, 0, 1_500);
    const after = new ReuseRecord(1, 16 * SPAN, 2_000, before);
    expect(counts(after.reused(0))).toEqual(at(1_500));
    expect(counts(after.unused(0, 2_000))).toEqual(at(1_000));
    after.reuse(0, 1_000, 3_000);
    expect(counts(after.unused(0, 3_000))).toEqual({});
  });

  it('knows the time of an epoch from its last bits', () => {
    const record = new ReuseRecord(1, 16 * SPAN, 0);
    const since = 123_456;
    const time = record.timeOf(record.epochAt(since) & 0xfff, 0xfff, since + 60_000);
    expect(Math.abs(time - since)).toBeLessThanOrEqual(64);
  });

  it('loses none, whatever happens', () => {
    const random = new SeededRandom(3);
    const record = new ReuseRecord(1, SPAN, 0);
    const waiting: number[] = [];
    let asked = 0;
    for (let now = 0; now < 50_000; now++) {
      if (waiting.length > 0 && random.chance(0.5)) {
        const [since] = waiting.splice(random.below(waiting.length), 1) as [number];
        if (now - since < SPAN - 8) {
          record.reuse(0, since, now);
          asked++;
        }
      }
      record.wait(0, now, now);
      waiting.push(now);
    }
    const sum = (ages: Float64Array): number => ages.reduce((total, count) => total + count, 0);
    expect(sum(record.reused(0))).toBe(asked);
    expect(sum(record.unused(0, 50_000))).toBe(50_000 - asked);
  });
});
