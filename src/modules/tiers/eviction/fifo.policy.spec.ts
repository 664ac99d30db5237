import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, traitsOf } from '../../../../test/support/policy-model.js';
import { fifoPolicy } from './fifo.policy.js';

describeEvictionPolicyContract(fifoPolicy);

describe('FifoPolicy', () => {
  it('gives up what came first, as a list in order of arrival does', () => {
    let order: number[] = [];
    expectSameAsModel(
      fifoPolicy.create(8),
      {
        insert: (entry) => order.push(entry),
        access: () => undefined,
        remove: (entry) => (order = order.filter((each) => each !== entry)),
        victim: () => order[0] ?? -1,
      },
      11,
    );
  });

  it('lets go last what may not go now', () => {
    const policy = fifoPolicy.create(3);
    for (const entry of [0, 1, 2]) policy.onInsert(entry, traitsOf(entry));
    expect(policy.victim((entry) => entry !== 0)).toBe(1);
    policy.onRemove(1);
    expect(policy.victim(() => true)).toBe(2);
  });
});
