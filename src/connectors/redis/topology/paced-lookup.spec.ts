import { describe, expect, it } from '@jest/globals';
import { PacedLookup } from './paced-lookup.js';

describe('PacedLookup', () => {
  it('makes one lookup of many calls at once', async () => {
    let lookups = 0;
    const lookup = new PacedLookup(() => {
      lookups++;
      return Promise.resolve();
    });
    await Promise.all([lookup.run(), lookup.run(), lookup.run()]);
    expect(lookups).toBe(1);
  });

  it('looks up again afterwards, but not at once', async () => {
    const begun: number[] = [];
    const lookup = new PacedLookup(() => {
      begun.push(performance.now());
      return Promise.resolve();
    });
    for (let i = 0; i < 3; i++) await lookup.run();
    expect(begun).toHaveLength(3);
    expect(begun[2]! - begun[0]!).toBeGreaterThan(190);
  });

  it('tells of a failure, and looks up again after it', async () => {
    const outcomes = [Promise.reject(new Error('down')), Promise.resolve()];
    const lookup = new PacedLookup(() => outcomes.shift()!);
    await expect(lookup.run()).rejects.toThrow('down');
    await lookup.run();
  });

  it('is over at once when it is closed', async () => {
    const lookup = new PacedLookup(() => Promise.resolve());
    await lookup.run();
    const waiting = lookup.run();
    lookup.close();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
