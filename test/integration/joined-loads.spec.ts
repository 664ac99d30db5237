import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

/** Memory and two tiers that have to copy. */
describe('loads that readers share', () => {
  let test: TestEngine;
  let near: ScriptedBackend;
  let mid: ScriptedBackend;
  const a = ChunkKey.of('a');
  const bytes = Buffer.alloc(1000, 1);
  const turn = (): Promise<unknown> => new Promise(setImmediate);

  beforeEach(async () => {
    test = await createTestEngine({
      tiers: (parts) => [
        (near = new ScriptedBackend('near', parts, { shared: false })),
        (mid = new ScriptedBackend('mid', parts, { shared: false })),
      ],
    });
    await put(test, a, bytes, { ack: 'all' });
    await test.stack.tiers[0]?.backend.remove(a);
  });
  afterEach(async () => {
    near.release();
    mid.release();
    await test.engine.settled();
    expect(test.arena.usage().references).toBe(0);
    await test.close();
  });

  it('tell nobody that a tier has nothing which they did not ask', async () => {
    mid.copies.clear();
    mid.hold();
    // Who was told that the chunk is in `mid`, where it is no more.
    const late = Promise.resolve(test.stack.read(a, { place: 'mid' }));
    await turn();
    const found = get(test, a);
    await turn();
    mid.release();
    expect(await found).toEqual(bytes);
    using handle = (await late) as ArenaHandle;
    expect(Buffer.concat(handle.views)).toEqual(bytes);
  });

  it('tell nobody who goes on to the next tier that there is nothing, whenever others begin', async () => {
    near.copies.clear();
    const ask = near.get.bind(near);
    for (let ticks = 0; ticks < 20; ticks++) {
      await test.stack.tiers[0]?.backend.remove(a);
      await near.remove(a);
      const found: Promise<Buffer | undefined>[] = [];
      near.get = async (key) => {
        near.get = ask;
        const outcome = await ask(key);
        void beginAfter(ticks, () => found.push(get(test, key)));
        return outcome;
      };
      found.push(get(test, a));
      await turn();
      expect([ticks, ...(await Promise.all(found))]).toEqual([ticks, bytes, bytes]);
    }
  });
});

async function beginAfter(ticks: number, begin: () => unknown): Promise<void> {
  for (let i = 0; i < ticks; i++) await Promise.resolve();
  begin();
}
