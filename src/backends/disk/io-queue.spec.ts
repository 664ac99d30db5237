import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { IoQueue } from './io-queue.js';

/** A queue whose I/Os end when the test says so, and the order in which they started. */
function controlled(depth: number, readsAhead = 0) {
  const queue = new IoQueue(depth, readsAhead);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (side: 'read' | 'write', name: string): void =>
    void queue[side](() => {
      started.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  /** Resolves when what waited for it has started. */
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await setImmediate();
  };
  return { add, started, end };
}

describe('IoQueue', () => {
  it('keeps no more in flight than its depth', async () => {
    const { add, started, end } = controlled(2);
    for (const name of ['a', 'b', 'c']) add('read', name);
    expect(started).toEqual(['a', 'b']);
    await end('b');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('leaves a place for a read, however many writes wait', () => {
    const { add, started } = controlled(4);
    for (let i = 0; i < 9; i++) add('write', `w${i}`);
    expect(started).toHaveLength(3);
    add('read', 'r');
    expect(started).toEqual(['w0', 'w1', 'w2', 'r']);
  });

  it('starts reads before writes that waited longer, and a write after every four reads', async () => {
    const { add, started, end } = controlled(1);
    add('read', 'r0');
    add('write', 'w0');
    add('write', 'w1');
    for (let i = 1; i < 10; i++) add('read', `r${i}`);
    for (let i = 0; i < 11; i++) await end(started[i]!);
    expect(started).toEqual(['r0', 'r1', 'r2', 'r3', 'w0', 'r4', 'r5', 'r6', 'r7', 'w1', 'r8', 'r9']);
  });

  it('writes at depth one, too', async () => {
    const { add, started, end } = controlled(1);
    add('write', 'w0');
    add('write', 'w1');
    await end('w0');
    expect(started).toEqual(['w0', 'w1']);
  });

  it('starts reads ahead of its depth, but no write, which has its turn all the same', async () => {
    const { add, started, end } = controlled(2, 2);
    for (let i = 0; i < 6; i++) add('read', `r${i}`);
    add('write', 'w0');
    expect(started).toEqual(['r0', 'r1', 'r2', 'r3']);
    await end('r0');
    await end('r1');
    expect(started).toHaveLength(4);
    await end('r2');
    expect(started.slice(4)).toEqual(['w0', 'r4', 'r5']);
  });

  it('goes on after an I/O that failed, and says so', async () => {
    const queue = new IoQueue(1);
    const failed = queue.write(() => Promise.reject(new Error('EIO')));
    const next = queue.read(() => Promise.resolve(7));
    await expect(failed).rejects.toThrow('EIO');
    expect(await next).toBe(7);
  });
});
