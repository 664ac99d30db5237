import { expect, it } from '@jest/globals';
import { runCli } from '../support/run-cli.js';
import { describeWithTraces, TRACES } from '../support/traces.js';

interface ReplayJson {
  readonly policy: string;
  readonly capacity_blocks: number;
  readonly hit_rate_blocks: number;
}

/** Those that are best somewhere, or near it; the long version takes every policy. */
const POLICIES = process.env['KVNEST_SOAK'] === undefined ? 'adaptive,lru,lfu,prefix,s3-fifo' : 'all';
const CAPACITIES = [1_000, 5_859, 10_000, 30_000, 50_000];

/** Hit rates by capacity and policy. */
async function hitRates(file: string): Promise<ReadonlyMap<number, ReadonlyMap<string, number>>> {
  const argv = ['--policy', POLICIES, '--capacity', CAPACITIES.join(','), '--json'];
  const { code, out } = await runCli(['trace', 'replay', file, ...argv]);
  expect(code).toBe(0);
  const rates = new Map(CAPACITIES.map((capacity) => [capacity, new Map<string, number>()]));
  for (const line of out.trim().split('\n')) {
    const row = JSON.parse(line) as ReplayJson;
    if (row.policy !== 'belady') rates.get(row.capacity_blocks)?.set(row.policy, row.hit_rate_blocks);
  }
  return rates;
}

describeWithTraces()('the default eviction policy', () => {
  it.each(['conversation', 'synthetic'] as const)(
    'is nowhere below LRU, and hardly below the best, on %s',
    async (name) => {
      for (const [capacity, rates] of await hitRates(TRACES[name])) {
        const own = rates.get('adaptive') ?? 0;
        const lru = rates.get('lru') ?? 1;
        const best = Math.max(...rates.values());
        expect(rates.size).toBeGreaterThanOrEqual(5);
        expect({ capacity, own, isLikeLru: own >= lru - 0.001 }).toEqual({ capacity, own, isLikeLru: true });
        expect({ capacity, own, isLikeBest: own >= best - 0.005 }).toEqual({
          capacity,
          own,
          isLikeBest: true,
        });
        if (name === 'conversation' && capacity === 1_000) {
          expect(own / lru).toBeGreaterThan(1.5);
        }
      }
    },
    120_000,
  );
});
