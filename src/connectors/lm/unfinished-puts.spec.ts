import { describe, expect, it } from '@jest/globals';
import { UnfinishedPuts } from './unfinished-puts.js';

describe('UnfinishedPuts', () => {
  it('gives what the put gives', async () => {
    const puts = new UnfinishedPuts(1000);
    expect(await puts.run('lm://test', undefined, () => Promise.resolve(7))).toBe(7);
    await expect(puts.run('lm://test', undefined, () => Promise.reject(new Error('no')))).rejects.toThrow(
      'no',
    );
    await puts.settled();
  });

  it('lets the put go on when its caller gives up', async () => {
    const puts = new UnfinishedPuts(10_000);
    const caller = new AbortController();
    const put = Promise.withResolvers<number>();
    let late: AbortSignal | undefined;
    const answer = puts.run('lm://test', caller.signal, (signal) => {
      late = signal;
      return put.promise;
    });
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(late?.aborted).toBe(false);
    let isSettled = false;
    const settled = puts.settled().then(() => (isSettled = true));
    await new Promise(setImmediate);
    expect(isSettled).toBe(false);
    put.resolve(1);
    await settled;
  });

  it('cuts off a put that does not come to its end', async () => {
    const puts = new UnfinishedPuts(5);
    const caller = new AbortController();
    const answer = puts.run(
      'lm://test',
      caller.signal,
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut off')))),
    );
    caller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    await puts.settled();
  });
});
