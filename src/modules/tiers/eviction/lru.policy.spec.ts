import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { SeededRandom } from '../../../../test/support/seeded-random.js';
import { LruPolicy, lruPolicy } from './lru.policy.js';

describeEvictionPolicyContract(lruPolicy);

describe('LruPolicy', () => {
  it('gives up what was not read for the longest time, as a list in order of use does', () => {
    const random = new SeededRandom(4);
    const policy = new LruPolicy();
    let order: number[] = [];
    for (let step = 0; step < 20_000; step++) {
      const entry = random.below(50);
      const there = order.includes(entry);
      const dice = random.below(5);
      if (there && dice === 0) {
        policy.onRemove(entry);
        order = order.filter((each) => each !== entry);
      } else if (there) {
        policy.onAccess(entry);
        order = [...order.filter((each) => each !== entry), entry];
      } else if (dice < 3) {
        policy.onInsert(entry);
        order.push(entry);
      }
      expect(policy.victim(() => true)).toBe(order[0] ?? -1);
    }
  });

  it('takes a refusal for a read', () => {
    const policy = new LruPolicy();
    for (const entry of [0, 1, 2]) policy.onInsert(entry);
    expect(policy.victim((entry) => entry !== 0)).toBe(1);
    policy.onRemove(1);
    expect(policy.victim(() => true)).toBe(2);
  });
});
