import { describe, expect, it } from '@jest/globals';
import {
  type ChunkTraits,
  type EvictionPolicy,
  type EvictionPolicyFactory,
} from '../../src/backends/eviction-policy.interface.js';
import { SeededRandom } from '../support/seeded-random.js';

/** Traits as a tier gives them; the array of the digest is one, written over at every call. */
const digest: [number, number, number, number] = [0, 0, 0, 0];
function traits(entry: number): ChunkTraits {
  for (let word = 0; word < 4; word++) digest[word] = Math.imul(4 * entry + word + 1, 0x9e3779b1) >>> 0;
  return { digest, bytes: 1_000 + entry, tier: 'memory', model: 'llama', tenant: '', depth: -1, parent: -1 };
}

function filled(factory: EvictionPolicyFactory, count: number): EvictionPolicy {
  const policy = factory.create(count);
  for (let entry = 0; entry < count; entry++) policy.onInsert(entry, traits(entry));
  return policy;
}

const always = (): boolean => true;
const never = (): boolean => false;

/** Takes victims until there is none. */
function drain(policy: EvictionPolicy): number[] {
  const victims: number[] = [];
  for (let entry = policy.victim(always); entry !== -1; entry = policy.victim(always)) {
    victims.push(entry);
    policy.onRemove(entry);
  }
  return victims;
}

/**
 * The specification of an `EvictionPolicy`, as tests: what holds for every policy, whatever it prefers.
 * @param bytesPerChunk what it may keep for a chunk that is there; asked of policies that count it.
 */
export function describeEvictionPolicyContract(factory: EvictionPolicyFactory, bytesPerChunk = 64): void {
  describe(`EvictionPolicy contract: ${factory.name}`, () => {
    it('has the name of its factory, in lower case', () => {
      expect(factory.create(1).name).toBe(factory.name);
      expect(factory.name).toBe(factory.name.toLowerCase());
    });

    it('has no victim when there is nothing', () => {
      expect(factory.create(0).victim(always)).toBe(-1);
    });

    it('gives up every chunk once, and then none', () => {
      expect(drain(filled(factory, 100)).sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
    });

    it('grows beyond the hint', () => {
      const policy = factory.create(1);
      for (const entry of [0, 70_000, 5, 200_000]) policy.onInsert(entry, traits(entry));
      expect(drain(policy).sort((a, b) => a - b)).toEqual([0, 5, 70_000, 200_000]);
    });

    it('never names what is refused, and stops when all are', () => {
      const policy = filled(factory, 50);
      let asked = 0;
      const refuse = (): boolean => {
        asked++;
        return false;
      };
      expect(policy.victim(refuse)).toBe(-1);
      expect(asked).toBeLessThanOrEqual(100);
      expect(policy.victim((entry) => entry === 33)).toBe(33);
      expect(drain(policy)).toHaveLength(50);
    });

    it('does not walk a run of refused chunks again and again', () => {
      const policy = filled(factory, 10_000);
      const pinned = new Set(Array.from({ length: 5_000 }, (_, i) => i));
      let asked = 0;
      for (let i = 0; i < 1_000; i++) {
        const victim = policy.victim((entry) => {
          asked++;
          return !pinned.has(entry);
        });
        expect(victim).not.toBe(-1);
        policy.onRemove(victim);
      }
      expect(asked).toBeLessThan(20_000);
    });

    it(`keeps at most ${bytesPerChunk} bytes for a chunk`, () => {
      const chunks = 3 * 32_768;
      const policy = filled(factory, chunks);
      for (let entry = chunks; entry < 2 * chunks; entry++) {
        const victim = policy.victim(always);
        policy.onRemove(victim);
        policy.onInsert(victim, traits(entry));
      }
      expect(policy.allocatedBytes ?? 0).toBeLessThanOrEqual(bytesPerChunk * chunks);
    });

    it('takes a number that comes back for another chunk', () => {
      const policy = filled(factory, 3);
      policy.onRemove(1);
      policy.onInsert(1, traits(1));
      expect(drain(policy).sort()).toEqual([0, 1, 2]);
    });

    it('bears calls for entries that are not there', () => {
      const policy = filled(factory, 3);
      policy.onRemove(2);
      policy.onRemove(2);
      policy.onAccess(2);
      policy.onAccess(99);
      policy.onRemove(99);
      expect(drain(policy).sort()).toEqual([0, 1]);
    });

    it('knows exactly what is there after any sequence of calls', () => {
      const random = new SeededRandom(17);
      const policy = factory.create(8);
      const present = new Set<number>();
      for (let step = 0; step < 20_000; step++) {
        const entry = random.below(60);
        const dice = random.below(4);
        if (dice === 0 && !present.has(entry)) {
          policy.onInsert(entry, traits(entry));
          present.add(entry);
        } else if (dice === 1 && present.delete(entry)) policy.onRemove(entry);
        else if (dice === 2) policy.onAccess(entry);
        else if (dice === 3) {
          const held = random.below(60);
          const victim = policy.victim((candidate) => candidate !== held);
          const evictable = present.size - (present.has(held) ? 1 : 0);
          expect(victim === -1 ? evictable === 0 : present.has(victim) && victim !== held).toBe(true);
        }
      }
      expect(drain(policy).sort((a, b) => a - b)).toEqual([...present].sort((a, b) => a - b));
      expect(policy.victim(never)).toBe(-1);
    });
  });
}
