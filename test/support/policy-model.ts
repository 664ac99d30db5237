import { expect } from '@jest/globals';
import { type ChunkTraits, type EvictionPolicy } from '../../src/backends/eviction-policy.interface.js';
import { SeededRandom } from './seeded-random.js';

/** What an eviction policy does, written as plainly as possible. */
export interface PolicyModel {
  insert(entry: number, traits: ChunkTraits): void;
  access(entry: number): void;
  remove(entry: number): void;
  /** The entry to give up next, -1 when there is none. */
  victim(): number;
}

const ENTRIES = 50;
const STEPS = 20_000;

/** Traits of a chunk that was never there before, unless `name` was used already. */
export function traitsOf(name: number, depth = -1, parent = -1): ChunkTraits {
  const random = new SeededRandom(name + 1);
  const word = (): number => random.below(2 ** 32);
  const digest = [word(), word(), word(), word()] as const;
  return { digest, bytes: 1_000, tier: 'memory', model: '', tenant: '', depth, parent };
}

/** Makes the same calls of both, at random, and compares what they would give up after each. */
export function expectSameAsModel(
  policy: EvictionPolicy,
  model: PolicyModel,
  seed: number,
  traits: (name: number) => ChunkTraits = traitsOf,
): void {
  const random = new SeededRandom(seed);
  const present = new Set<number>();
  const remove = (entry: number): void => {
    present.delete(entry);
    policy.onRemove(entry);
    model.remove(entry);
  };
  for (let step = 0; step < STEPS; step++) {
    const entry = random.below(ENTRIES);
    if (!present.has(entry)) {
      const chunk = traits(step);
      present.add(entry);
      policy.onInsert(entry, chunk);
      model.insert(entry, chunk);
    } else if (random.below(5) === 0) remove(entry);
    else {
      policy.onAccess(entry);
      model.access(entry);
    }
    const victim = model.victim();
    expect({ step, victim: policy.victim(() => true) }).toEqual({ step, victim });
    if (random.below(3) === 0 && victim !== -1) remove(victim);
  }
}
