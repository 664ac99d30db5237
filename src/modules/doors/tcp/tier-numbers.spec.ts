import { describe, expect, it } from '@jest/globals';
import { TierNumbers } from './tier-numbers.js';

describe('tiers as bits', () => {
  const tiers = new TierNumbers(Array.from({ length: 32 }, (_, place) => `tier-${place}`));

  it('have the places of their names', () => {
    expect(tiers.mask([])).toBe(0);
    expect(tiers.mask(['tier-0', 'tier-3'])).toBe(0b1001);
  });

  it('are never a negative number', () => {
    expect(tiers.mask(['tier-31'])).toBe(2 ** 31);
  });
});
