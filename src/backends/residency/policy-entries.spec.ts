import { expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { PolicyEntries } from './policy-entries.js';

it('are the entries themselves until they are exchanged', () => {
  const entries = new PolicyEntries();
  expect([entries.known(7), entries.owner(7), entries.known(-1), entries.owner(-1)]).toEqual([7, 7, -1, -1]);
});

it('follow a chunk from entry to entry, each to one', () => {
  const entries = new PolicyEntries();
  const random = new SeededRandom(5);
  const known = Array.from({ length: 50 }, (_, entry) => entry);
  for (let i = 0; i < 500; i++) {
    const [a, b] = [random.below(50), random.below(50)];
    entries.exchange(a, b);
    [known[a], known[b]] = [known[b]!, known[a]!];
  }
  known.forEach((name, entry) => {
    expect(entries.known(entry)).toBe(name);
    expect(entries.owner(name)).toBe(entry);
  });
  expect([entries.known(-1), entries.owner(-1)]).toEqual([-1, -1]);
});
