import { jest } from '@jest/globals';

const DEADLINE_MS = 20_000;

/**
 * Runs out the timers of `begin`, but only when what is to take too long has begun: on a busy machine they would be over
 * before.
 */
export async function letTimePass<T>(
  begin: () => Promise<T>,
  isBegun: () => boolean,
  passMs: number,
): Promise<T> {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
  try {
    const begun = begin();
    const deadline = Date.now() + DEADLINE_MS;
    while (!isBegun()) {
      if (Date.now() > deadline) throw new Error('it did not begin');
      await new Promise(setImmediate);
    }
    jest.advanceTimersByTime(passMs);
    return await begun;
  } finally {
    jest.useRealTimers();
  }
}
