import { describe, expect, it } from '@jest/globals';
import { EngineQueue } from './engine-queue.js';

const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

describe('EngineQueue', () => {
  /** What happened, in order: `run 0`, `announce 1`. */
  let log: string[];
  let running: Map<number, { end: () => void; fail: (error: Error) => void }>;

  function queueOf(slots: number, announced: number): EngineQueue {
    log = [];
    running = new Map();
    return new EngineQueue({
      slots,
      announced,
      run: (request) => {
        log.push(`run ${request}`);
        return new Promise((end, fail) => running.set(request, { end, fail }));
      },
      announce: (request) => log.push(`announce ${request}`),
    });
  }

  it('announces what waits for a slot, once, and nothing that has not arrived', async () => {
    const queue = queueOf(2, 2);
    for (let request = 0; request < 5; request++) queue.arrive();
    expect(log).toEqual(['run 0', 'run 1', 'announce 2', 'announce 3']);
    running.get(1)?.end();
    await nextTurn();
    expect(log.slice(4)).toEqual(['run 2', 'announce 4']);
    const closed = queue.close();
    for (const request of [0, 2, 3, 4]) {
      running.get(request)?.end();
      await nextTurn();
    }
    await closed;
    expect(log.slice(6)).toEqual(['run 3', 'run 4']);
  });

  it('announces nothing that need not wait', async () => {
    const queue = queueOf(1, 4);
    for (let request = 0; request < 3; request++) {
      queue.arrive();
      running.get(request)?.end();
      await nextTurn();
    }
    await queue.close();
    expect(log).toEqual(['run 0', 'run 1', 'run 2']);
  });

  it('begins nothing after a failure, which it ends with', async () => {
    const queue = queueOf(1, 0);
    queue.arrive();
    queue.arrive();
    running.get(0)?.fail(new Error('gone'));
    await nextTurn();
    queue.arrive();
    expect([queue.hasFailed, log]).toEqual([true, ['run 0']]);
    await expect(queue.close()).rejects.toThrow('gone');
  });
});
