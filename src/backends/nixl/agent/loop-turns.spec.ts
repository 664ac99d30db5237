import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LoopTurns } from './loop-turns.js';

describe('short work for the event loop', () => {
  const done: string[] = [];
  let nowMs: number;
  let turns: LoopTurns;

  beforeEach(() => {
    done.length = 0;
    nowMs = 0;
    turns = new LoopTurns(() => nowMs);
  });

  afterEach(() => nextTurn());

  const take = (name: string, tookMs = 0): boolean =>
    turns.take(
      () => {
        nowMs += tookMs;
        return done.push(name) > 0;
      },
      () => done.push(`after ${name}`),
    );

  it('is done once in a turn, and what comes after it is done in the next', async () => {
    expect([take('a'), take('b')]).toEqual([true, false]);
    await Promise.resolve();
    expect([take('b'), done]).toEqual([false, ['a']]);
    await nextTurn();
    expect([take('b'), done]).toEqual([true, ['a', 'after a', 'b']]);
  });

  it('is not done for 5 ms after a turn of more than 0.15 ms', async () => {
    take('a', 0.15);
    await nextTurn();
    expect(take('b', 0.05)).toBe(true);
    // Others.
    nowMs += 0.15;
    await nextTurn();
    nowMs += 4.9;
    expect(take('c')).toBe(false);
    nowMs += 0.1;
    expect(take('c')).toBe(true);
  });

  it('leaves its turn to others where it could not be done', async () => {
    const refused = turns.take(
      () => false,
      () => done.push('after what was not done'),
    );
    expect([refused, take('a')]).toEqual([false, true]);
    await nextTurn();
    expect(done).toEqual(['a', 'after a']);
  });
});
