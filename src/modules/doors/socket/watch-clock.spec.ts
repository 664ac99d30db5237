import { describe, expect, it } from '@jest/globals';
import { WatchClock } from './watch-clock.js';

describe('WatchClock', () => {
  it('goes on with the time, but for that in which nobody looked', () => {
    let atMs = 5000;
    const clock = new WatchClock(200, () => atMs);
    const after = (ms: number): number => {
      atMs += ms;
      return clock.look();
    };
    expect([0, 100, 150, 60_000, 100].map(after)).toEqual([0, 100, 250, 450, 550]);
  });
});
