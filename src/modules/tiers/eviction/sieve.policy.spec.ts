import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, type PolicyModel, traitsOf } from '../../../../test/support/policy-model.js';
import { sievePolicy } from './sieve.policy.js';

describeEvictionPolicyContract(sievePolicy);

/** As in the paper, with an array from the oldest to the newest. */
class SieveModel implements PolicyModel {
  readonly #read = new Set<number>();
  #order: number[] = [];
  #hand = -1;

  insert(entry: number): void {
    this.#order.push(entry);
  }

  access(entry: number): void {
    this.#read.add(entry);
  }

  remove(entry: number): void {
    if (entry === this.#hand) this.#hand = this.#order[this.#order.indexOf(entry) + 1] ?? -1;
    this.#order = this.#order.filter((each) => each !== entry);
    this.#read.delete(entry);
  }

  victim(): number {
    let at = Math.max(0, this.#order.indexOf(this.#hand));
    for (; this.#order.length > 0 && this.#read.delete(this.#order[at] as number);)
      at = (at + 1) % this.#order.length;
    this.#hand = this.#order[at] ?? -1;
    return this.#hand;
  }
}

describe('SievePolicy', () => {
  it('gives up what the hand finds unread, as a hand over an array does', () => {
    expectSameAsModel(sievePolicy.create(8), new SieveModel(), 14);
  });

  it('forgives what was read once, and stays where it was', () => {
    const policy = sievePolicy.create(3);
    for (const entry of [0, 1, 2]) policy.onInsert(entry, traitsOf(entry));
    policy.onAccess(0);
    expect(policy.victim(() => true)).toBe(1);
    policy.onRemove(1);
    expect(policy.victim(() => true)).toBe(2);
    policy.onRemove(2);
    expect(policy.victim(() => true)).toBe(0);
  });
});
