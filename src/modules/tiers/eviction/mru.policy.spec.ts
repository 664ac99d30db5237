import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, traitsOf } from '../../../../test/support/policy-model.js';
import { mruPolicy } from './mru.policy.js';

describeEvictionPolicyContract(mruPolicy);

describe('MruPolicy', () => {
  it('gives up what was read or written last, as a list in order of use does', () => {
    let order: number[] = [];
    const remove = (entry: number): void => void (order = order.filter((each) => each !== entry));
    expectSameAsModel(
      mruPolicy.create(8),
      {
        insert: (entry) => order.push(entry),
        access: (entry) => {
          remove(entry);
          order.push(entry);
        },
        remove,
        victim: () => order.at(-1) ?? -1,
      },
      12,
    );
  });

  it('does not ask again at once for what may not go', () => {
    const policy = mruPolicy.create(3);
    for (const entry of [0, 1, 2]) policy.onInsert(entry, traitsOf(entry));
    expect(policy.victim((entry) => entry !== 2)).toBe(1);
    const asked: number[] = [];
    policy.victim((entry) => asked.push(entry) > 0);
    expect(asked).toEqual([1]);
  });
});
