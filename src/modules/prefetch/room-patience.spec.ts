import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RoomPatience } from './room-patience.js';

describe('RoomPatience', () => {
  let tries: number;
  let patience: RoomPatience;
  beforeEach(() => {
    jest.useFakeTimers();
    tries = 0;
    patience = new RoomPatience(10_000);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const tryAgain = (): void => {
    tries++;
    patience.wait(tryAgain);
  };

  it('tries at once in the beginning, and ten times a second in the end', () => {
    tryAgain();
    jest.advanceTimersByTime(30);
    expect(tries).toBe(3);
    jest.advanceTimersByTime(5000);
    expect(tries).toBeLessThan(60);
    const before = tries;
    patience.renew();
    jest.advanceTimersByTime(170);
    expect(tries - before).toBeGreaterThan(2);
    patience.end();
  });

  it('ends when there has been no room for so long', () => {
    expect(patience.wait(() => undefined)).toBe(true);
    jest.advanceTimersByTime(9_999);
    expect(patience.wait(() => undefined)).toBe(true);
    jest.advanceTimersByTime(1);
    expect(patience.wait(() => undefined)).toBe(false);
    patience.renew();
    expect(patience.wait(() => undefined)).toBe(true);
    patience.end();
  });

  it('tries nothing any more when it is ended', () => {
    patience.wait(tryAgain);
    patience.end();
    jest.advanceTimersByTime(1000);
    expect(tries).toBe(0);
  });
});
