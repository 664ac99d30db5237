import { seededRandom } from './seeded-weights.ts';

/** `count` token numbers below `vocabularySize`, the same for the same seed; never one of the first, special ones. */
export function seededTokens(seed: number, count: number, vocabularySize: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => 3 + Math.floor(random() * (vocabularySize - 3)));
}
