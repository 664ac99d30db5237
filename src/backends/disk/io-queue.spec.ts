import { describe, expect, it } from '@jest/globals';
import { IoQueue } from './io-queue.js';

/** A queue whose I/Os end when the test says so, and the order in which they started. */
function controlled(depth: number) {
  const queue = new IoQueue(depth);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (side: 'read' | 'write', name: string): void =>
    queue[side]((done) => {
      started.push(name);
      ends.set(name, done);
    });
  return { add, started, end: (name: string): void => ends.get(name)?.() };
}

describe('IoQueue', () => {
  it('keeps no more in flight than its depth', () => {
    const { add, started, end } = controlled(2);
    for (const name of ['a', 'b', 'c']) add('read', name);
    expect(started).toEqual(['a', 'b']);
    end('b');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('leaves a place for a read, however many writes wait', () => {
    const { add, started } = controlled(4);
    for (let i = 0; i < 9; i++) add('write', `w${i}`);
    expect(started).toHaveLength(3);
    add('read', 'r');
    expect(started).toEqual(['w0', 'w1', 'w2', 'r']);
  });

  it('starts reads before writes that waited longer, and a write after every four reads', () => {
    const { add, started, end } = controlled(1);
    add('read', 'r0');
    add('write', 'w0');
    add('write', 'w1');
    for (let i = 1; i < 10; i++) add('read', `r${i}`);
    for (let i = 0; i < 11; i++) end(started[i]!);
    expect(started).toEqual(['r0', 'r1', 'r2', 'r3', 'w0', 'r4', 'r5', 'r6', 'r7', 'w1', 'r8', 'r9']);
  });

  it('writes at depth one, too', () => {
    const { add, started, end } = controlled(1);
    add('write', 'w0');
    add('write', 'w1');
    end('w0');
    expect(started).toEqual(['w0', 'w1']);
  });
});
