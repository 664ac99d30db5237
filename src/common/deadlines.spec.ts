import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Deadlines, type Timed } from './deadlines.js';

describe('deadlines', () => {
  const ended: string[] = [];
  let deadlines: Deadlines;
  let now = 0;

  beforeEach(() => {
    jest.useFakeTimers();
    ended.length = 0;
    now = 0;
    deadlines = new Deadlines(() => now);
  });

  afterEach(() => {
    deadlines.close();
    jest.useRealTimers();
  });

  function within(ms: number, name: string): Timed {
    return { deadlineMs: now + ms, onDeadline: () => ended.push(name) };
  }

  function advance(ms: number): void {
    for (let i = 0; i < ms; i++) {
      now++;
      jest.advanceTimersByTime(1);
    }
  }

  it('end in time, with one timer for all', () => {
    for (const ms of [300, 100, 200]) deadlines.add(within(ms, `${ms}`));
    expect(jest.getTimerCount()).toBe(1);
    advance(150);
    expect(ended).toEqual(['100']);
    expect(jest.getTimerCount()).toBe(1);
    advance(200);
    expect(ended).toEqual(['100', '200', '300']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('of what has ended before do nothing', () => {
    const timed = within(100, 'never');
    deadlines.add(timed);
    deadlines.delete(timed);
    advance(1000);
    expect(ended).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('may be added by one that ends', () => {
    deadlines.add({
      deadlineMs: now + 10,
      onDeadline: () => deadlines.add(within(10, 'second')),
    });
    advance(15);
    expect(ended).toEqual([]);
    advance(15);
    expect(ended).toEqual(['second']);
  });
});
