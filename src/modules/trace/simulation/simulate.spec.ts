import { describe, expect, it } from '@jest/globals';
import { tinyTrace } from '../../../../test/support/tiny-trace.js';
import { type ChunkTraits, type EvictionPolicy } from '../../../backends/eviction-policy.interface.js';
import { TraceBuilder } from '../format/trace-builder.js';
import { findEvictionPolicy } from '../../tiers/eviction/eviction-policies.catalog.js';
import { type Capacity } from './capacity.interface.js';
import { simulate } from './simulate.js';
import { type SimulatedTierOptions } from './simulated-tier.js';

function lru(capacity: Capacity, name = 'memory'): SimulatedTierOptions {
  return { name, capacity, policy: findEvictionPolicy('lru').create(8) };
}

const blocks = (amount: number): Capacity => ({ amount, unit: 'blocks' });

/** Writes down what it is told; gives up entry 0. */
class NotingPolicy implements EvictionPolicy {
  readonly name = 'noting';
  readonly calls: string[] = [];
  readonly digests = new Set<string>();

  onInsert(entry: number, { digest, bytes, tier, depth, parent }: ChunkTraits): void {
    this.calls.push(`insert ${entry} ${bytes} ${tier} ${depth} ${parent}`);
    this.digests.add(digest.join());
  }

  onAccess(entry: number): void {
    this.calls.push(`access ${entry}`);
  }

  onRemove(entry: number): void {
    this.calls.push(`remove ${entry}`);
  }

  victim(evictable: (entry: number) => boolean): number {
    return evictable(0) ? 0 : -1;
  }
}

describe('simulate', () => {
  it('counts what is in front of the first block that is missing', () => {
    // abc: none; abd: a, b; xb: none, for x is missing; abc: a, b, c
    const result = simulate(tinyTrace('abc', 'abd', 'xb', 'abc'), [lru(blocks(10))]);
    expect(result).toEqual({
      requests: 4,
      blocks: 11,
      hitBlocks: 5,
      tokens: 110,
      hitTokens: 50,
      tiers: [{ name: 'memory', bytesRead: 500, evictions: 0, refused: 0 }],
    });
  });

  it('gives up what LRU gives up', () => {
    // of two blocks: a, b; a hits; c for b; b for a; a for c
    const result = simulate(tinyTrace('a', 'b', 'a', 'c', 'b', 'a'), [lru(blocks(2))]);
    expect(result).toMatchObject({ hitBlocks: 1, tiers: [{ evictions: 3 }] });
  });

  it('leaves the beginning of a prefix as the most recent that was read', () => {
    // of three blocks: abc hits, then x takes the place of c
    const result = simulate(tinyTrace('abc', 'abc', 'x', 'ab'), [lru(blocks(3))]);
    expect(result).toMatchObject({ hitBlocks: 5, tiers: [{ evictions: 1 }] });
  });

  it('makes the calls of a tier: a place is free before it is taken, parents are those that are there', () => {
    const policy = new NotingPolicy();
    simulate(tinyTrace('ab', 'abc', 'abc'), [{ name: 'disk', capacity: blocks(2), policy }]);
    expect(policy.calls).toEqual([
      'insert 0 100 disk 0 -1',
      'insert 1 100 disk 1 0',
      'access 1',
      'access 0',
      'remove 0',
      'insert 0 100 disk 2 1',
      'remove 0',
      'insert 0 100 disk 0 -1',
      'access 1',
      'remove 0',
      'insert 0 100 disk 2 1',
    ]);
    expect(policy.digests.size).toBe(3);
  });

  it('reads from the first tier that has it, and takes it up into those above', () => {
    const result = simulate(tinyTrace('a', 'b', 'a', 'a'), [lru(blocks(1)), lru(blocks(5), 'disk')]);
    expect(result).toMatchObject({
      hitBlocks: 2,
      tiers: [
        { name: 'memory', bytesRead: 100, evictions: 2 },
        { name: 'disk', bytesRead: 100, evictions: 0 },
      ],
    });
  });

  it('takes what was only stored for no request, and for a use of the block', () => {
    const builder = new TraceBuilder();
    for (const [time, id] of ['a', 'b', 'a', 'c', 'a'].entries()) {
      builder.beginRequest(time, time < 3);
      builder.add({ id, tokens: 10, depth: 0, bytes: 100 });
    }
    expect(simulate(builder.build(), [lru(blocks(2))])).toMatchObject({
      requests: 2,
      blocks: 2,
      hitBlocks: 1,
      tiers: [{ bytesRead: 100, evictions: 1 }],
    });
  });

  it('gives up nothing for what does not fit at all', () => {
    const builder = new TraceBuilder();
    for (const [time, [id, bytes]] of (
      [
        ['a', 100],
        ['large', 301],
        ['a', 100],
      ] as const
    ).entries()) {
      builder.beginRequest(time);
      builder.add({ id, tokens: 10, depth: 0, bytes });
    }
    expect(simulate(builder.build(), [lru({ amount: 300, unit: 'bytes' })])).toMatchObject({
      hitBlocks: 1,
      tiers: [{ evictions: 0, refused: 1 }],
    });
  });

  it('counts bytes where the capacity is in bytes, and refuses what is larger than all of it', () => {
    const trace = tinyTrace('a', 'b', 'a');
    expect(simulate(trace, [lru({ amount: 199, unit: 'bytes' })])).toMatchObject({ hitBlocks: 0 });
    expect(simulate(trace, [lru({ amount: 200, unit: 'bytes' })])).toMatchObject({ hitBlocks: 1 });
    expect(simulate(trace, [lru({ amount: 99, unit: 'bytes' })]).tiers).toMatchObject([{ refused: 3 }]);
  });
});
