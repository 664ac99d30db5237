import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, traitsOf } from '../../../../test/support/policy-model.js';
import { prefixPolicy } from './prefix.policy.js';

describeEvictionPolicyContract(prefixPolicy);

const always = (): boolean => true;

describe('PrefixPolicy', () => {
  it('is LRU where depths are not known', () => {
    let order: number[] = [];
    const remove = (entry: number): void => void (order = order.filter((each) => each !== entry));
    expectSameAsModel(
      prefixPolicy.create(8),
      {
        insert: (entry) => order.push(entry),
        access: (entry) => {
          remove(entry);
          order.push(entry);
        },
        remove,
        victim: () => order[0] ?? -1,
      },
      15,
    );
  });

  it.each([
    ['first to last', [0, 1, 2]],
    ['last to first', [2, 1, 0]],
  ])('gives up a prefix from its end, when it came from %s', (_, depths) => {
    const policy = prefixPolicy.create(8);
    for (const depth of depths) policy.onInsert(depth, traitsOf(depth, depth));
    policy.onInsert(7, traitsOf(7, 0));
    const order = [2, 1, 0, 7].map(() => {
      const victim = policy.victim(always);
      policy.onRemove(victim);
      return victim;
    });
    expect(order).toEqual([2, 1, 0, 7]);
  });

  it('gives up what follows on a prefix before the prefix, though it came later', () => {
    const policy = prefixPolicy.create(8);
    for (const depth of [0, 1]) policy.onInsert(depth, traitsOf(depth, depth, depth - 1));
    for (const depth of [1, 0]) policy.onAccess(depth);
    for (const depth of [2, 3]) policy.onInsert(depth, traitsOf(depth, depth, depth - 1));
    expect(policy.victim(always)).toBe(3);
  });
});
