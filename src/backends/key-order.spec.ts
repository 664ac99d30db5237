import { describe, expect, it } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { KeyOrder } from './key-order.js';

const A = ChunkKey.of('a');
const B = ChunkKey.of('b');

/** Calls that end when told, and which of them have begun. */
class Calls {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  run(name: string): () => Promise<string> {
    return () => {
      this.begun.push(name);
      return new Promise((resolve) => this.#ends.set(name, () => resolve(name)));
    };
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)!();
    await nextTurn();
  }
}

describe('KeyOrder', () => {
  it('begins at once what has nothing before it', () => {
    const order = new KeyOrder();
    const calls = new Calls();
    void order.write([A], calls.run('a'));
    void order.write([B], calls.run('b'));
    expect(calls.begun).toEqual(['a', 'b']);
  });

  it('runs reads side by side, between the writes around them', async () => {
    const order = new KeyOrder();
    const calls = new Calls();
    const all = [
      order.write([A], calls.run('w1')),
      order.read([A], calls.run('r1')),
      order.read([A, B], calls.run('r2')),
      order.write([A], calls.run('w2')),
      order.read([A], calls.run('r3')),
    ];
    expect(calls.begun).toEqual(['w1']);
    await calls.end('w1');
    expect(calls.begun).toEqual(['w1', 'r1', 'r2']);
    await calls.end('r2');
    expect(calls.begun).toHaveLength(3);
    await calls.end('r1');
    expect(calls.begun.slice(3)).toEqual(['w2']);
    await calls.end('w2');
    await calls.end('r3');
    expect(await Promise.all(all)).toEqual(['w1', 'r1', 'r2', 'w2', 'r3']);
  });

  it('makes one call on several keys wait for all of them', async () => {
    const order = new KeyOrder();
    const calls = new Calls();
    void order.write([A], calls.run('a'));
    void order.read([B], calls.run('b'));
    void order.write([A, B], calls.run('both'));
    await calls.end('a');
    expect(calls.begun).toEqual(['a', 'b']);
    await calls.end('b');
    expect(calls.begun).toEqual(['a', 'b', 'both']);
    await calls.end('both');
    await order.settled();
  });

  it('goes on after a call that failed, and knows when all is done', async () => {
    const order = new KeyOrder();
    const calls = new Calls();
    const failed = order.write([A], () => Promise.reject(new Error('no')));
    const after = order.read([A], calls.run('after'));
    let done = false;
    const settled = order.settled().then(() => (done = true));
    await expect(failed).rejects.toThrow('no');
    await nextTurn();
    expect(done).toBe(false);
    await calls.end('after');
    await Promise.all([after, settled]);
  });
});
