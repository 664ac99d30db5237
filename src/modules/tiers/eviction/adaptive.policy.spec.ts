import { describe, expect, it } from '@jest/globals';
import { describeEvictionPolicyContract } from '../../../../test/contracts/eviction-policy.contract.js';
import { expectSameAsModel, type PolicyModel, traitsOf } from '../../../../test/support/policy-model.js';
import { SeededRandom } from '../../../../test/support/seeded-random.js';
import { type ChunkTraits, type EvictionPolicy } from '../../../backends/eviction-policy.interface.js';
import { adaptivePolicy } from './adaptive.policy.js';
import { lruPolicy } from './lru.policy.js';
import { HitDensities } from './structures/hit-densities.js';
import { KINDS, ReuseHistory } from './structures/reuse-history.js';

describeEvictionPolicyContract(adaptivePolicy, 256);

interface Chunk {
  readonly digest: ChunkTraits['digest'];
  readonly kind: number;
  readonly since: number;
}

/** Looks at every chunk, for chunks whose depths are not known; what it learns and how is that of the policy. */
class AdaptiveModel implements PolicyModel {
  readonly #chunks = new Map<number, Chunk>();
  readonly #history = new ReuseHistory();
  readonly #densities = new HitDensities(KINDS);
  #now = 0;
  #nextLesson = 0;

  insert(entry: number, { digest }: ChunkTraits): void {
    this.#now++;
    this.#history.fit(this.#chunks.size + 1, this.#now);
    this.#set(entry, digest, this.#history.comeBack(digest[0], digest[1], this.#now));
  }

  access(entry: number): void {
    this.#now++;
    const { digest, kind, since } = this.#chunks.get(entry) as Chunk;
    this.#history.record.reuse(kind, since, this.#now);
    this.#set(entry, digest, Math.min(kind + 1, KINDS - 1));
  }

  remove(entry: number): void {
    const { digest, kind, since } = this.#chunks.get(entry) as Chunk;
    this.#history.leave(digest[0], digest[1], kind, since);
    this.#chunks.delete(entry);
  }

  victim(): number {
    if (this.#now >= this.#nextLesson) this.#learn();
    const worth = ([, { kind, since }]: [number, Chunk]): number => {
      const oldest = [...this.#chunks.values()]
        .filter((other) => other.kind === kind)
        .every((other) => other.since >= since);
      return this.#densities.at(kind, this.#now - since) * (oldest ? 1 : 1.2);
    };
    const ends = [...this.#chunks].filter(([, { kind, since }]) => {
      const times = [...this.#chunks.values()]
        .filter((other) => other.kind === kind)
        .map((other) => other.since);
      return since === Math.min(...times) || since === Math.max(...times);
    });
    ends.sort((a, b) => worth(a) - worth(b) || a[1].since - b[1].since);
    return ends[0]?.[0] ?? -1;
  }

  #set(entry: number, digest: ChunkTraits['digest'], kind: number): void {
    this.#chunks.set(entry, { digest: [...digest], kind, since: this.#now });
    this.#history.record.wait(kind, this.#now, this.#now);
  }

  #learn(): void {
    const lesson = 256;
    this.#densities.learn(this.#history.record, this.#now);
    this.#history.record.fade(2 ** (-lesson / (32 * Math.max(1, this.#chunks.size))));
    this.#nextLesson = this.#now + lesson;
  }
}

/** Hits of requests for chunks of one prefix each, whose ids are their names. */
function hits(policy: EvictionPolicy, capacity: number, requests: Iterable<readonly number[]>): number {
  const entries = new Map<number, number>();
  const free = Array.from({ length: capacity }, (_, i) => i);
  let count = 0;
  for (const names of requests) {
    const gap = names.findIndex((name) => !entries.has(name));
    count += gap === -1 ? names.length : gap;
    for (const [depth, name] of names.entries()) {
      const entry = entries.get(name);
      if (entry !== undefined) policy.onAccess(entry);
      else {
        if (free.length === 0) {
          const victim = policy.victim(() => true);
          policy.onRemove(victim);
          free.push(victim);
          for (const [other, of] of entries) if (of === victim) entries.delete(other);
        }
        const place = free.pop() as number;
        entries.set(name, place);
        policy.onInsert(place, traitsOf(name, depth, depth === 0 ? -1 : (entries.get(name - 1) ?? -1)));
      }
    }
  }
  return count;
}

function* loop(): Iterable<readonly number[]> {
  for (let round = 0; round < 40; round++) {
    for (let start = 0; start < 600; start += 10) yield Array.from({ length: 10 }, (_, i) => start + i);
  }
}

function* scans(): Iterable<readonly number[]> {
  const random = new SeededRandom(8);
  let next = 100_000;
  for (let request = 0; request < 2_000; request++) {
    const start = random.chance(0.3) ? 10 * random.below(15) : (next += 10);
    yield Array.from({ length: 10 }, (_, i) => start + i);
  }
}

describe('AdaptivePolicy', () => {
  it('gives up what a look at every chunk finds', () => {
    expectSameAsModel(adaptivePolicy.create(8), new AdaptiveModel(), 18);
  });

  it('gives up what a look at every chunk finds, when chunks come back', () => {
    expectSameAsModel(adaptivePolicy.create(8), new AdaptiveModel(), 19, (name) => traitsOf(name % 150));
  });

  it('keeps a part of a loop that does not fit, of which LRU has nothing', () => {
    expect(hits(lruPolicy.create(8), 300, loop())).toBe(0);
    expect(hits(adaptivePolicy.create(8), 300, loop())).toBeGreaterThan(0.3 * 24_000);
  });

  it('keeps what comes back, when much else is asked for once', () => {
    const lru = hits(lruPolicy.create(8), 200, scans());
    expect(hits(adaptivePolicy.create(8), 200, scans())).toBeGreaterThan(1.5 * lru);
  });

  it('gives up a chunk first whose predecessor had to go', () => {
    const policy = adaptivePolicy.create(8);
    for (const depth of [0, 1, 2]) policy.onInsert(depth, traitsOf(depth, depth));
    policy.onRemove(2);
    policy.onInsert(3, traitsOf(3, 3));
    expect(policy.victim(() => true)).toBe(3);
  });
});
