import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type PeerSummary, type RefreshOptions, type SummaryNews } from '../peer-reader.interface.js';
import { SummaryKeeper, type SummaryRules } from './summary-keeper.js';

const KEY = ChunkKey.of('a');

/** A summary in which nothing is, of a peer that answers as a test says: a fake, because no real peer does at will what it should not. */
class Summary implements PeerSummary {
  refreshedAtMs = -Infinity;
  announces = true;
  readonly questions: number[] = [];
  /** The open question. */
  open: { waitMs: number; end: (outcome: SummaryNews | Error) => void } | undefined;
  /** What each question is answered with at once. */
  always: SummaryNews | undefined;

  mayHave(): boolean {
    return false;
  }

  refresh({ waitMs = 0, signal }: RefreshOptions = {}): Promise<SummaryNews> {
    if (this.open !== undefined) throw new Error('two questions at a time');
    const askedAtMs = performance.now();
    this.questions.push(waitMs);
    if (this.always !== undefined) {
      this.refreshedAtMs = askedAtMs;
      return Promise.resolve(this.always);
    }
    const { promise, resolve, reject } = Promise.withResolvers<SummaryNews>();
    const end = (outcome: SummaryNews | Error): void => {
      this.open = undefined;
      if (typeof outcome !== 'string') reject(outcome);
      else {
        this.refreshedAtMs = askedAtMs;
        resolve(outcome);
      }
    };
    signal?.addEventListener('abort', () => end(new Error('taken back')));
    this.open = { waitMs, end };
    return promise;
  }
}

describe('the summary of a peer', () => {
  const lines: string[] = [];
  let summary: Summary;
  let keeper: SummaryKeeper;

  beforeEach(() => {
    jest.useFakeTimers();
    lines.length = 0;
    summary = new Summary();
  });
  afterEach(async () => {
    keeper.stop();
    await pass(0);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  function start(rules: Partial<SummaryRules>): void {
    const given = { everyMs: 0, announcements: false, ...rules };
    keeper = new SummaryKeeper(
      () => summary,
      given,
      (line) => lines.push(line),
    );
    keeper.start();
  }

  const pass = (timeMs: number): Promise<void> => jest.advanceTimersByTimeAsync(timeMs);
  const answer = async (outcome: SummaryNews | Error): Promise<void> => {
    summary.open?.end(outcome);
    await pass(10);
  };

  it('is not asked for where nothing says so', async () => {
    start({});
    await pass(100_000);
    expect([summary.questions, keeper.mayHave(KEY)]).toEqual([[], true]);
  });

  it('counts for two pauses when it is asked for now and then', async () => {
    start({ everyMs: 100 });
    expect(keeper.mayHave(KEY)).toBe(true);
    await answer('something');
    expect([keeper.mayHave(KEY), summary.questions]).toEqual([false, [0]]);
    await pass(100);
    expect([keeper.mayHave(KEY), summary.questions]).toEqual([false, [0, 0]]);
    await pass(150);
    expect([keeper.mayHave(KEY), summary.questions]).toEqual([true, [0, 0]]);
  });

  it('counts as long as one question waits, of which the first does not', async () => {
    start({ announcements: true });
    expect(keeper.mayHave(KEY)).toBe(true);
    await answer('something');
    expect([keeper.mayHave(KEY), summary.questions]).toEqual([false, [0, 20_000]]);
    await pass(20_000);
    await answer('nothing');
    await pass(1);
    await answer('something');
    expect([keeper.mayHave(KEY), summary.questions]).toEqual([false, [0, 20_000, 20_000, 20_000]]);
    keeper.stop();
    expect([keeper.mayHave(KEY), summary.open]).toEqual([true, undefined]);
  });

  it.each<[string, () => void]>([
    ['fails', () => summary.open?.end(new Error('the connection broke'))],
    ['gives none', () => summary.open?.end('none')],
  ])('does not count from when the peer %s until it is answered anew', async (_, fail) => {
    start({ announcements: true });
    await answer('something');
    fail();
    await pass(999);
    expect([keeper.mayHave(KEY), summary.questions]).toEqual([true, [0, 20_000]]);
    await pass(1);
    expect([keeper.mayHave(KEY), summary.questions]).toEqual([true, [0, 20_000, 0]]);
    await answer('nothing');
    expect(keeper.mayHave(KEY)).toBe(false);
  });

  it('does not count when no answer comes in time', async () => {
    start({ announcements: true });
    await answer('something');
    await pass(24_000);
    expect(keeper.mayHave(KEY)).toBe(false);
    await pass(1_000);
    expect([keeper.mayHave(KEY), summary.open]).toEqual([true, undefined]);
  });

  it('is asked for once a second of a peer that lets no question wait, and does not count', async () => {
    start({ announcements: true });
    summary.always = 'nothing';
    await answer('something');
    expect(keeper.mayHave(KEY)).toBe(true);
    await pass(10_000);
    expect(summary.questions.length).toBeLessThan(25);
    summary.always = undefined;
    await pass(1_100);
    await answer('nothing');
    expect(keeper.mayHave(KEY)).toBe(false);
  });

  it('is asked for every 5 ms of a peer that tells something new without end', async () => {
    start({ announcements: true });
    summary.always = 'something';
    await answer('something');
    await pass(1_000);
    expect(summary.questions.length).toBeGreaterThan(100);
    expect(summary.questions.length).toBeLessThan(210);
  });

  it('is asked for as ever of a peer that cannot announce, which is said once, until it can', async () => {
    summary.announces = false;
    start({ announcements: true, everyMs: 100 });
    for (let i = 0; i < 10; i++) await answer('nothing').then(() => pass(90));
    expect(summary.questions).toEqual(new Array(11).fill(0));
    expect(keeper.mayHave(KEY)).toBe(false);
    expect(lines).toEqual([expect.stringMatching(/does not announce.*every 100 ms/)]);
    summary.announces = true;
    await answer('nothing');
    await pass(100);
    await answer('nothing');
    expect(summary.open?.waitMs).toBe(20_000);
    expect(lines).toHaveLength(1);
  });

  it('is not asked for at all of such a peer without a pause to ask it in', async () => {
    summary.announces = false;
    start({ announcements: true });
    await pass(10_000);
    expect([summary.questions, keeper.mayHave(KEY)]).toEqual([[], true]);
    expect(lines).toEqual([expect.stringMatching(/for every chunk/)]);
  });
});
