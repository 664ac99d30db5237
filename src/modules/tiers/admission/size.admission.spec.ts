import { describe, expect, it } from '@jest/globals';
import { traitsOf } from '../../../../test/support/policy-model.js';
import { type ChunkTraits } from '../../../backends/eviction-policy.interface.js';
import { SizeAdmission } from './size.admission.js';

const sized = (name: number, bytes: number): ChunkTraits => ({ ...traitsOf(name), bytes });

function admission(sizes: readonly number[]): SizeAdmission {
  const policy = new SizeAdmission();
  for (const [entry, bytes] of sizes.entries()) policy.onInsert(entry, sized(entry, bytes));
  return policy;
}

describe('SizeAdmission', () => {
  it('takes what is up to twice as large as the average at once, and the others later', () => {
    const policy = admission([500, 1_500]);
    expect(policy.admits(sized(10, 2_000))).toBe(true);
    expect([1, 2, 3, 4].map(() => policy.admits(sized(11, 6_500)))).toEqual([false, false, true, true]);
  });

  it('goes by the chunks that are there', () => {
    const policy = admission([1_000, 9_000]);
    policy.onRemove(0);
    expect(policy.admits(sized(10, 18_000))).toBe(true);
  });

  it('takes the largest in the end, and anything when there is nothing', () => {
    const policy = admission([1]);
    const tries = Array.from({ length: 15 }, () => policy.admits(sized(10, 1e9)));
    expect(tries.indexOf(true)).toBe(14);
    expect(admission([]).admits(sized(10, 5))).toBe(true);
  });

  it('keeps at most 16 bytes for a chunk', () => {
    const policy = admission(Array.from({ length: 98_304 }, () => 7));
    expect(policy.allocatedBytes).toBeLessThanOrEqual(16 * 98_304);
  });
});
