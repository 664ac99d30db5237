import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const KIB = 1024;
const CHUNK_BYTES = 100 * KIB;

/** Memory, a tier that has to copy, and one below it that chunks are loaded from. */
describe('promotion to a tier that has to copy', () => {
  let test: TestEngine;
  let middle: ScriptedBackend;
  let far: ScriptedBackend;

  const key = (name: string): ChunkKey => ChunkKey.of(name);
  const bytes = (fill: number): Buffer => Buffer.alloc(CHUNK_BYTES, fill);
  const putsTo = (tier: ScriptedBackend): string[] => tier.calls.filter((call) => call.startsWith('put'));
  const turn = (): Promise<unknown> => new Promise(setImmediate);

  beforeEach(async () => {
    test = await createTestEngine({
      config: { maxPendingBytes: 5 * CHUNK_BYTES },
      tiers: (parts) => [
        (middle = new ScriptedBackend('middle', parts)),
        (far = new ScriptedBackend('far', parts)),
      ],
    });
    for (const name of ['a', 'b', 'c', 'd']) {
      await put(test, key(name), bytes(1), { ack: 'all' });
      for (const tier of [0, 1]) await test.stack.tiers[tier]?.backend.remove(key(name));
    }
    middle.calls.splice(0);
  });
  afterEach(async () => {
    jest.useRealTimers();
    far.release();
    await test.engine.settled();
    expect(test.arena.usage().references).toBe(0);
    await test.close();
  });

  /** A load that goes on until `far.release`, and others meanwhile. */
  async function loadBeside(
    slow: string,
    others: readonly string[],
  ): Promise<{ readonly ended: Promise<unknown> }> {
    far.hold();
    const ended = get(test, key(slow));
    await turn();
    far.leave();
    for (const name of others) await get(test, key(name));
    return { ended };
  }

  it('is made at once where no other chunk is being loaded', async () => {
    await get(test, key('a'));
    expect(putsTo(middle)).toEqual(['put a']);
  });

  it('waits while another chunk is being loaded, and is made when none is', async () => {
    const { ended } = await loadBeside('d', ['a', 'b']);
    expect(putsTo(middle)).toEqual([]);
    expect(await test.engine.exists([key('a')])).toEqual(['memory']);
    far.release();
    await ended;
    expect(putsTo(middle).toSorted()).toEqual(['put a', 'put b', 'put d']);
    await test.engine.settled();
    expect(middle.copies.get(key('a').id)?.bytes.equals(bytes(1))).toBe(true);
  });

  it('keeps no more memory than it may', async () => {
    const { ended } = await loadBeside('d', ['a', 'b', 'c']);
    expect(putsTo(middle)).toEqual(['put c']);
    far.release();
    await ended;
  });

  it('is not made of a chunk that was written or removed meanwhile', async () => {
    const { ended } = await loadBeside('d', ['a', 'b']);
    const written = put(test, key('a'), bytes(2), { ack: 'all' });
    await test.engine.delete([key('b')]);
    far.release();
    await Promise.all([ended, written]);
    await test.engine.settled();
    expect(putsTo(middle).toSorted()).toEqual(['put a', 'put d']);
    expect(middle.copies.get(key('a').id)?.bytes.equals(bytes(2))).toBe(true);
    expect(middle.copies.has(key('b').id)).toBe(false);
  });

  it('does not wait for ever while readers always load something', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    const { ended } = await loadBeside('d', ['a']);
    jest.advanceTimersByTime(999);
    expect(putsTo(middle)).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(putsTo(middle)).toEqual(['put a']);
    far.release();
    await ended;
  });

  it('is made at once when somebody waits for it', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    const { ended } = await loadBeside('d', ['a', 'b']);
    expect(await test.engine.expire(key('a'), 4e12)).toBe(true);
    expect(putsTo(middle)).toEqual(['put a']);
    expect(middle.copies.get(key('a').id)?.expiresAtMs).toBe(4e12);
    const moved = await lastValueFrom(test.engine.move([key('b')], { to: 'middle' }));
    expect(moved.there).toBe(1);
    far.release();
    await ended;
  });

  it('comes into no tier that was cleared meanwhile', async () => {
    const { ended } = await loadBeside('d', ['a', 'b']);
    await test.engine.clear({}, 'middle');
    far.release();
    await ended;
    await test.engine.settled();
    expect([...middle.copies.values()].map((copy) => copy.key.toString())).toEqual([]);
  });

  it('holds no chunk any more that is removed or written', async () => {
    const { ended } = await loadBeside('d', ['a', 'b']);
    expect(test.arena.usage().references).toBeGreaterThan(0);
    await test.engine.delete([key('a')]);
    await put(test, key('b'), bytes(2), { ack: 'all' });
    await turn();
    expect(test.arena.usage().references).toBe(0);
    far.release();
    await ended;
  });

  it('takes nothing away from a tier that cannot have what was loaded', async () => {
    await put(test, key('a'), bytes(1), { ack: 'all' });
    await test.stack.tiers[0]?.backend.remove(key('a'));
    // It has the chunk, cannot be read now, and keeps none that has lost something.
    middle.get = () => Promise.resolve('busy');
    const read = far.get.bind(far);
    far.get = async (asked) => {
      const outcome = await read(asked);
      if (typeof outcome === 'object') outcome.setAttributes({ loss: 'int8' });
      return outcome;
    };
    expect(await get(test, key('a'))).toEqual(bytes(1));
    await test.engine.settled();
    expect(middle.copies.has(key('a').id)).toBe(true);
    expect(await test.engine.exists([key('a')])).toEqual(['memory']);
  });

  it('is made before the server ends', async () => {
    const { ended } = await loadBeside('d', ['a']);
    const settled = test.engine.settled();
    await expectEventually(() => putsTo(middle).length === 1);
    far.release();
    await Promise.all([ended, settled]);
  });
});
