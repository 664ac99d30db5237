import { describe, expect, it } from '@jest/globals';
import { traitsOf } from '../../../../test/support/policy-model.js';
import { SeededRandom } from '../../../../test/support/seeded-random.js';
import { TinyLfuAdmission } from './tinylfu.admission.js';

describe('TinyLfuAdmission', () => {
  it('takes what was asked for more often than what would go', () => {
    const policy = new TinyLfuAdmission();
    policy.onInsert(0, traitsOf(100));
    policy.onAccess(0);
    expect([1, 1, 1].map((name) => policy.admits(traitsOf(name), 0))).toEqual([false, false, true]);
  });

  it('takes everything when what had to go is gone', () => {
    const policy = new TinyLfuAdmission();
    expect(policy.admits(traitsOf(1), -1)).toBe(true);
  });

  it('decides as exact counts do, as long as they are few', () => {
    const random = new SeededRandom(9);
    const policy = new TinyLfuAdmission();
    const counts = new Map<number, number>();
    const count = (name: number): number => counts.get(name) ?? 0;
    // So that the sketch is as wide as it will be: what it counted is forgotten when it grows.
    for (let entry = 0; entry < 4_000; entry++) policy.onInsert(entry, traitsOf(10_000 + entry));
    for (let entry = 0; entry < 4_000; entry++) policy.onRemove();
    for (let entry = 0; entry < 500; entry++) {
      policy.onInsert(entry, traitsOf(entry));
      counts.set(entry, 1);
    }
    let differences = 0;
    for (let step = 0; step < 400; step++) {
      const name = 1_000 + random.below(100);
      const victim = random.below(500);
      const expected = count(name) + 1 > count(victim);
      if (policy.admits(traitsOf(name), victim) !== expected) differences++;
      if (!expected) counts.set(name, count(name) + 1);
      const read = random.below(500);
      policy.onAccess(read);
      counts.set(read, count(read) + 1);
    }
    expect(differences).toBeLessThan(40);
  });

  it('keeps at most 16 bytes for a chunk', () => {
    const policy = new TinyLfuAdmission();
    for (let entry = 0; entry < 98_304; entry++) policy.onInsert(entry, traitsOf(entry));
    expect(policy.allocatedBytes).toBeLessThanOrEqual(16 * 98_304);
  });
});
