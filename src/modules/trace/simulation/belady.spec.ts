import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../../test/support/seeded-random.js';
import { tinyTrace } from '../../../../test/support/tiny-trace.js';
import { type Trace } from '../trace.interface.js';
import { simulateBelady } from './belady.js';

const blocks = (amount: number) => ({ amount, unit: 'blocks' }) as const;

/** The most hits that any choice of blocks to keep would have had, found by trying all of them. */
function mostHits(trace: Trace, capacity: number): number {
  const known = new Map<string, number>();
  const from = (request: number, kept: number): number => {
    if (request === trace.requests) return 0;
    const name = `${request}:${kept}`;
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const ids = [...trace.blocks.subarray(trace.starts[request], trace.starts[request + 1])];
    const gap = ids.findIndex((id) => (kept & (1 << id)) === 0);
    const all = ids.reduce((set, id) => set | (1 << id), kept);
    let most = 0;
    for (let subset = all; ; subset = (subset - 1) & all) {
      if (countBits(subset) <= capacity) most = Math.max(most, from(request + 1, subset));
      if (subset === 0) break;
    }
    const hits = (gap === -1 ? ids.length : gap) + most;
    known.set(name, hits);
    return hits;
  };
  return from(0, 0);
}

function countBits(set: number): number {
  return set.toString(2).replaceAll('0', '').length;
}

describe('simulateBelady', () => {
  it('keeps what is needed soonest, and nothing that is never needed again', () => {
    const { hitBlocks, tiers } = simulateBelady(tinyTrace('a', 'x', 'b', 'a', 'b'), blocks(1));
    expect({ hitBlocks, tiers }).toMatchObject({ hitBlocks: 1, tiers: [{ evictions: 1 }] });
  });

  it('gives up the end of a prefix first', () => {
    const { hitBlocks, hitTokens } = simulateBelady(tinyTrace('abc', 'abc'), blocks(2));
    expect({ hitBlocks, hitTokens }).toEqual({ hitBlocks: 2, hitTokens: 20 });
  });

  it('counts bytes read, and what it gave up for the room', () => {
    const trace = tinyTrace('ab', 'x', 'ab', 'x');
    expect(simulateBelady(trace, { amount: 250, unit: 'bytes' }).tiers).toEqual([
      { name: 'optimum', bytesRead: 200, evictions: 1, refused: 0 },
    ]);
  });

  it('has as many hits as the best of all choices', () => {
    const random = new SeededRandom(9);
    for (let round = 0; round < 150; round++) {
      const capacity = 1 + random.below(4);
      const names = ['a', 'b', 'ac', 'ad', 'be', 'acf', 'adg', 'acfh'];
      const requests = Array.from({ length: 9 }, () => names[random.below(names.length)] as string);
      const trace = tinyTrace(...requests);
      expect({ requests, capacity, hits: simulateBelady(trace, blocks(capacity)).hitBlocks }).toEqual({
        requests,
        capacity,
        hits: mostHits(trace, capacity),
      });
    }
  });
});
