import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, type PolicyModel, traitsOf } from '../../../../test/support/policy-model.js';
import { s3FifoPolicy } from './s3-fifo.policy.js';

describeEvictionPolicyContract(s3FifoPolicy);

/** Two arrays, for chunks that never come back. */
class S3FifoModel implements PolicyModel {
  readonly #reads = new Map<number, number>();
  #small: number[] = [];
  #main: number[] = [];

  insert(entry: number): void {
    this.#reads.set(entry, 0);
    this.#small.push(entry);
  }

  access(entry: number): void {
    this.#reads.set(entry, Math.min(3, this.#readsOf(entry) + 1));
  }

  remove(entry: number): void {
    this.#small = this.#small.filter((each) => each !== entry);
    this.#main = this.#main.filter((each) => each !== entry);
  }

  victim(): number {
    for (;;) {
      const isSmallLarge = this.#small.length > 0.1 * (this.#small.length + this.#main.length);
      const [entry] = isSmallLarge || this.#main.length === 0 ? this.#small : this.#main;
      if (entry === undefined) return -1;
      const reads = this.#readsOf(entry);
      const isSmall = this.#small.includes(entry);
      if (isSmall ? reads < 2 : reads === 0) return entry;
      this.remove(entry);
      this.#main.push(entry);
      this.#reads.set(entry, isSmall ? 0 : reads - 1);
    }
  }

  #readsOf(entry: number): number {
    return this.#reads.get(entry) ?? 0;
  }
}

const always = (): boolean => true;

describe('S3FifoPolicy', () => {
  it('gives up what two arrays would', () => {
    expectSameAsModel(s3FifoPolicy.create(8), new S3FifoModel(), 16);
  });

  it('takes what comes back soon after it was given up into the main queue', () => {
    const policy = s3FifoPolicy.create(8);
    for (let entry = 0; entry < 20; entry++) policy.onInsert(entry, traitsOf(entry));
    expect(policy.victim(always)).toBe(0);
    policy.onRemove(0);
    policy.onInsert(0, traitsOf(0));
    const order = Array.from({ length: 17 }, () => {
      const victim = policy.victim(always);
      policy.onRemove(victim);
      return victim;
    });
    expect(order).not.toContain(0);
  });

  it('does not remember what was removed for another reason', () => {
    const policy = s3FifoPolicy.create(8);
    for (let entry = 0; entry < 20; entry++) policy.onInsert(entry, traitsOf(entry));
    policy.onRemove(0);
    policy.onInsert(0, traitsOf(0));
    const order = Array.from({ length: 20 }, () => {
      const victim = policy.victim(always);
      policy.onRemove(victim);
      return victim;
    });
    expect(order.at(-1)).toBe(0);
    expect(order).toHaveLength(20);
  });
});
