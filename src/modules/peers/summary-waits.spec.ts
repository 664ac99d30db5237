import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type WaitingAsker } from './peer-owner.interface.js';
import { SummaryWaits } from './summary-waits.js';

/** Longer than any test waits. */
const LONG_MS = 25_000;

class Asker implements WaitingAsker {
  ended = false;
  abort: () => void = () => undefined;

  onAbort(cleanup: () => void): void {
    this.abort = cleanup;
  }
}

describe('questions that wait', () => {
  const answered: number[] = [];
  let waits: SummaryWaits;

  beforeEach(() => {
    jest.useFakeTimers();
    answered.length = 0;
    waits = new SummaryWaits(() => performance.now());
  });
  afterEach(() => {
    waits.close();
    jest.useRealTimers();
  });

  function ask(number: number, waitMs = LONG_MS, asker = new Asker()): Asker {
    void waits.wait(waitMs, asker).then(() => answered.push(number));
    return asker;
  }

  const pass = (timeMs: number): Promise<void> => jest.advanceTimersByTimeAsync(timeMs);

  it('are answered at once after a quiet time, and 5 ms later where something was just told', async () => {
    ask(1);
    await pass(100);
    expect(answered).toEqual([]);
    waits.wake();
    await pass(1);
    expect(answered).toEqual([1]);
    ask(2);
    waits.wake();
    await pass(2);
    waits.wake();
    await pass(2);
    expect(answered).toEqual([1]);
    await pass(1);
    expect(answered).toEqual([1, 2]);
  });

  it('are answered when their time is over, at the latest after 30 s', async () => {
    ask(1, 50);
    ask(2, 0xffff_ffff);
    await pass(49);
    expect(answered).toEqual([]);
    await pass(1);
    expect(answered).toEqual([1]);
    await pass(29_900);
    expect(answered).toEqual([1]);
    await pass(100);
    expect(answered).toEqual([1, 2]);
  });

  it('are about a thousand answers in a second at most, however many wait', async () => {
    for (let i = 0; i < 200; i++) ask(i);
    waits.wake();
    await pass(1);
    // What the first one missed is new already when the others ask.
    for (let i = 0; i < 200; i++) {
      ask(i);
      waits.wake();
    }
    await pass(199);
    expect(answered).toHaveLength(200);
    await pass(1);
    expect(answered).toHaveLength(400);
  });

  it('wait no more when nobody waits for them, and are counted', async () => {
    const asker = ask(1);
    ask(2);
    expect([waits.begun, waits.count]).toEqual([2, 2]);
    asker.abort();
    await pass(0);
    expect([waits.begun, waits.count, answered]).toEqual([2, 1, [1]]);
  });

  it('are answered at once when too many wait', async () => {
    for (let i = 0; i < 1024; i++) ask(i);
    ask(1024);
    await pass(0);
    expect([waits.count, answered]).toEqual([1024, [1024]]);
  });

  it('are answered when the server ends, and wait no more from then on', async () => {
    ask(1);
    waits.wake();
    waits.close();
    ask(2);
    await pass(0);
    expect([answered, waits.count, jest.getTimerCount()]).toEqual([[1, 2], 0, 0]);
  });

  it('need no timer each', () => {
    for (let i = 0; i < 100; i++) ask(i, LONG_MS + i);
    expect(jest.getTimerCount()).toBe(1);
  });
});
