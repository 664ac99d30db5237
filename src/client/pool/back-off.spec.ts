import { expect, it } from '@jest/globals';
import { backOffMs } from './back-off.js';

it('pauses double up to a limit, and half of each is chance', () => {
  const pauses = { minMs: 50, maxMs: 1000 };
  const longest = Array.from({ length: 8 }, (_, failures) => backOffMs(failures, pauses, () => 1));
  const shortest = Array.from({ length: 8 }, (_, failures) => backOffMs(failures, pauses, () => 0));
  expect(longest).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
  expect(shortest).toEqual(longest.map((ms) => ms / 2));
  expect(backOffMs(10_000, pauses, () => 0)).toBe(500);
});
