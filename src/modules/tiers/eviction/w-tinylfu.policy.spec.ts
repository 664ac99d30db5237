import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, type PolicyModel, traitsOf } from '../../../../test/support/policy-model.js';
import { type ChunkTraits } from '../../../backends/eviction-policy.interface.js';
import { FrequencySketch } from './structures/frequency-sketch.js';
import { wTinyLfuPolicy } from './w-tinylfu.policy.js';

describeEvictionPolicyContract(wTinyLfuPolicy);

/** Three arrays, with a sketch as the policy has it. */
class WTinyLfuModel implements PolicyModel {
  readonly #sketch = new FrequencySketch();
  readonly #words = new Map<number, number>();
  #window: number[] = [];
  #probation: number[] = [];
  #protected: number[] = [];
  #contender = -1;

  insert(entry: number, { digest }: ChunkTraits): void {
    this.#words.set(entry, digest[0]);
    this.#window.push(entry);
    this.#sketch.fit(this.#window.length + this.#probation.length + this.#protected.length);
    this.#sketch.count(digest[0]);
    if (this.#window.length === 1) return;
    this.#contender = this.#window.shift() as number;
    this.#probation.push(this.#contender);
  }

  access(entry: number): void {
    this.#sketch.count(this.#words.get(entry) as number);
    const inWindow = this.#window.includes(entry);
    this.remove(entry);
    if (inWindow) this.#window.push(entry);
    else {
      this.#protected.push(entry);
      const most = Math.max(1, 0.8 * (this.#probation.length + this.#protected.length));
      if (this.#protected.length > most) this.#probation.push(this.#protected.shift() as number);
    }
  }

  remove(entry: number): void {
    if (entry === this.#contender) this.#contender = -1;
    const without = (queue: number[]): number[] => queue.filter((each) => each !== entry);
    this.#window = without(this.#window);
    this.#probation = without(this.#probation);
    this.#protected = without(this.#protected);
  }

  victim(): number {
    const oldest = [...this.#probation, ...this.#protected, ...this.#window][0] ?? -1;
    const contender = this.#contender;
    if (contender === -1 || contender === oldest) return oldest;
    if (this.#frequency(contender) <= this.#frequency(oldest)) return contender;
    this.#contender = -1;
    return oldest;
  }

  #frequency(entry: number): number {
    return this.#sketch.estimate(this.#words.get(entry) as number);
  }
}

const always = (): boolean => true;

describe('WTinyLfuPolicy', () => {
  it('gives up what three arrays would', () => {
    expectSameAsModel(wTinyLfuPolicy.create(8), new WTinyLfuModel(), 17);
  });

  it('keeps what was asked for often when much is asked for once', () => {
    const policy = wTinyLfuPolicy.create(8);
    for (let entry = 0; entry < 10; entry++) policy.onInsert(entry, traitsOf(entry));
    for (let round = 0; round < 3; round++) for (let entry = 0; entry < 8; entry++) policy.onAccess(entry);
    for (let name = 100; name < 200; name++) {
      const victim = policy.victim(always);
      expect(victim).toBeGreaterThanOrEqual(8);
      policy.onRemove(victim);
      policy.onInsert(victim, traitsOf(name));
    }
  });
});
