import { describe, expect, it } from '@jest/globals';
import { remoteRefused, remoteUnreachable } from '../../connector-errors.js';
import { firstSuccess } from './first-success.js';

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('firstSuccess', () => {
  it('asks nobody else when the first one answers', async () => {
    const asked: string[] = [];
    const answer = await firstSuccess(
      ['a', 'b'],
      (name) => {
        asked.push(name);
        return Promise.resolve(name);
      },
      { patienceMs: 1000 },
    );
    expect([answer, asked]).toEqual(['a', ['a']]);
  });

  it('goes on at once after a failure', async () => {
    const answer = await firstSuccess(
      [1, 2, 3],
      (n) => (n < 3 ? Promise.reject(new Error(String(n))) : Promise.resolve(n)),
      { patienceMs: 1_000_000 },
    );
    expect(answer).toBe(3);
  });

  it('goes on beside one that takes long, and stops it in the end', async () => {
    let stopped: AbortSignal | undefined;
    const attempt = (name: string, signal: AbortSignal): Promise<string> => {
      if (name === 'good') return Promise.resolve(name);
      stopped = signal;
      return never(signal);
    };
    expect(await firstSuccess(['hung', 'good'], attempt, { patienceMs: 1 })).toBe('good');
    expect(stopped?.aborted).toBe(true);
  });

  it('takes the answer of one that took long when nobody else has one', async () => {
    let answer!: (name: string) => void;
    const slow = new Promise<string>((resolve) => (answer = resolve));
    const attempt = (name: string): Promise<string> => {
      if (name === 'slow') return slow;
      answer('slow');
      return Promise.reject(new Error(name));
    };
    expect(await firstSuccess(['slow', 'bad'], attempt, { patienceMs: 1 })).toBe('slow');
  });

  it('tells of a refusal before anything else, and else of the first failure', async () => {
    const failures = [remoteUnreachable('a'), remoteRefused('b', 'no'), remoteUnreachable('c')] as const;
    const failing = firstSuccess(failures, (error) => Promise.reject(error), { patienceMs: 1000 });
    await expect(failing).rejects.toMatchObject({ code: 'KV_REMOTE_REFUSED' });
    const others = firstSuccess([failures[2], failures[0]], (error) => Promise.reject(error), {
      patienceMs: 1000,
    });
    await expect(others).rejects.toBe(failures[2]);
  });

  it('stops all when the caller does not wait any more', async () => {
    const abort = new AbortController();
    const running = firstSuccess(['a', 'b'], (_, signal) => never(signal), {
      patienceMs: 1,
      signal: abort.signal,
    });
    abort.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});
