import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { KeyLocks } from './key-locks.js';

/** Bodies that say when they began, and end when they are told. */
class Bodies {
  readonly locks = new KeyLocks('store');
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  run(
    name: string,
    mode: 'shared' | 'exclusive',
    { key = 'k', signal }: { key?: string; signal?: AbortSignal } = {},
  ): Promise<string> {
    return this.locks.run(key, mode, signal, async () => {
      this.begun.push(name);
      await new Promise<void>((resolve) => this.#ends.set(name, resolve));
      return name;
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('KeyLocks', () => {
  it('let reads of a key run together, and a write alone, in the order in which they came', async () => {
    const bodies = new Bodies();
    const all = [
      bodies.run('read 1', 'shared'),
      bodies.run('read 2', 'shared'),
      bodies.run('write 1', 'exclusive'),
      bodies.run('read 3', 'shared'),
      bodies.run('write 2', 'exclusive'),
    ];
    expect(bodies.begun).toEqual(['read 1', 'read 2']);
    await bodies.end('read 1');
    expect(bodies.begun).toHaveLength(2);
    await bodies.end('read 2');
    expect(bodies.begun.slice(2)).toEqual(['write 1']);
    await bodies.end('write 1');
    expect(bodies.begun.slice(3)).toEqual(['read 3']);
    await bodies.end('read 3');
    expect(bodies.begun.slice(4)).toEqual(['write 2']);
    await bodies.end('write 2');
    expect(await Promise.all(all)).toHaveLength(5);
  });

  it('know nothing of other keys', async () => {
    const bodies = new Bodies();
    const all = [bodies.run('a', 'exclusive', { key: 'a' }), bodies.run('b', 'exclusive', { key: 'b' })];
    expect(bodies.begun).toEqual(['a', 'b']);
    await bodies.end('a');
    await bodies.end('b');
    await Promise.all(all);
  });

  it('let those go on who waited behind a writer that gave up', async () => {
    const bodies = new Bodies();
    const abort = new AbortController();
    const first = bodies.run('read 1', 'shared');
    const writer = bodies.run('write', 'exclusive', { signal: abort.signal });
    const second = bodies.run('read 2', 'shared');
    abort.abort();
    await expect(writer).rejects.toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(bodies.begun).toEqual(['read 1', 'read 2']);
    await bodies.end('read 1');
    await bodies.end('read 2');
    await Promise.all([first, second]);
  });

  it('are free again after a body that failed', async () => {
    const { locks } = new Bodies();
    await expect(
      locks.run('k', 'exclusive', undefined, () => Promise.reject(new Error('no'))),
    ).rejects.toThrow('no');
    expect(await locks.run('k', 'exclusive', undefined, () => Promise.resolve(1))).toBe(1);
  });

  it.each([1, 2, 3])(
    'never let a write run beside another body, whatever comes when (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const locks = new KeyLocks('store');
      const inside = new Map<string, { readers: number; writers: number }>();
      const calls = Array.from({ length: 300 }, async () => {
        for (let i = random.below(20); i > 0; i--) await turn();
        const key = `k${random.below(3)}`;
        const mode = random.chance(0.4) ? 'exclusive' : 'shared';
        const abort = new AbortController();
        const run = locks.run(key, mode, abort.signal, async () => {
          const now = inside.get(key) ?? { readers: 0, writers: 0 };
          inside.set(key, now);
          now[mode === 'shared' ? 'readers' : 'writers']++;
          for (let i = random.below(4); i > 0; i--) await turn();
          expect(now.writers === 0 || now.writers + now.readers === 1).toBe(true);
          now[mode === 'shared' ? 'readers' : 'writers']--;
        });
        if (random.chance(0.2)) abort.abort();
        await run.catch((error: unknown) => expect(error).toMatchObject({ code: 'KV_REMOTE_ABORTED' }));
      });
      await Promise.all(calls);
    },
  );
});
