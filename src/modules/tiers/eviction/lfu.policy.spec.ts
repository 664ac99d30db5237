import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, traitsOf } from '../../../../test/support/policy-model.js';
import { lfuPolicy } from './lfu.policy.js';

describeEvictionPolicyContract(lfuPolicy);

describe('LfuPolicy', () => {
  it('gives up what was read least, of those what has had that count longest, as a sorted list does', () => {
    const chunks = new Map<number, { reads: number; since: number }>();
    let now = 0;
    expectSameAsModel(
      lfuPolicy.create(8),
      {
        insert: (entry) => chunks.set(entry, { reads: 0, since: now++ }),
        access: (entry) => chunks.set(entry, { reads: (chunks.get(entry)?.reads ?? 0) + 1, since: now++ }),
        remove: (entry) => chunks.delete(entry),
        victim: () => {
          const order = [...chunks].sort(([, a], [, b]) => a.reads - b.reads || a.since - b.since);
          return order[0]?.[0] ?? -1;
        },
      },
      13,
    );
  });

  it('counts a refusal as a read', () => {
    const policy = lfuPolicy.create(2);
    for (const entry of [0, 1]) policy.onInsert(entry, traitsOf(entry));
    policy.onAccess(1);
    policy.onAccess(1);
    expect(policy.victim((entry) => entry !== 0)).toBe(1);
    expect(policy.victim(() => true)).toBe(0);
    policy.victim((entry) => entry !== 0);
    expect(policy.victim(() => true)).toBe(1);
  });

  it('counts so far and no further, and goes on from there in order of use', () => {
    const policy = lfuPolicy.create(2);
    for (const entry of [0, 1]) policy.onInsert(entry, traitsOf(entry));
    for (let i = 0; i < 300; i++) policy.onAccess(0);
    for (let i = 0; i < 260; i++) policy.onAccess(1);
    expect(policy.victim(() => true)).toBe(0);
  });
});
