import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom, toArray } from 'rxjs';
import { type MoveRequest, type MoveProgress } from '../../src/modules/moves/move.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const BYTES = 100 * 1024;
const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

describe('move', () => {
  let test: TestEngine;
  let disk: ScriptedBackend;
  let far: ScriptedBackend;
  const keys = ['a', 'b', 'c'].map((name) => ChunkKey.of(name));

  beforeEach(async () => {
    test = await createTestEngine({
      tiers: (parts) => [
        (disk = new ScriptedBackend('disk', parts, { shared: false })),
        (far = new ScriptedBackend('far', parts)),
      ],
    });
    for (const [index, key] of keys.entries()) {
      await put(test, key, Buffer.alloc(BYTES, index), { ack: 'all' });
    }
  });

  afterEach(async () => {
    for (const tier of [disk, far]) {
      tier.release();
      tier.throws = false;
      tier.putOutcome = 'stored';
    }
    await test.engine.settled();
    await expectEventually(() => test.arena.usage().references === 0);
    await test.close();
  });

  /** Takes a chunk out of tiers. */
  async function removeFrom(key: ChunkKey, ...names: string[]): Promise<void> {
    for (const { name, backend } of test.stack.tiers) if (names.includes(name)) await backend.remove(key);
  }

  /** The tiers that have it. */
  async function holders(key: ChunkKey): Promise<string[]> {
    const found: string[] = [];
    for (const { name, backend } of test.stack.tiers) if (await backend.contains(key)) found.push(name);
    return found;
  }

  const move = (request: MoveRequest, what = keys): Promise<MoveProgress> =>
    lastValueFrom(test.engine.move(what, request));

  it('brings chunks down: memory gives them up', async () => {
    await removeFrom(keys[0]!, 'disk');
    expect(await move({ to: 'disk' })).toEqual({
      ...{ state: 'done', total: 3, moved: 1, there: 2, missing: 0, kept: 0 },
    });
    for (const key of keys) expect(await holders(key)).toEqual(['disk', 'far']);
    expect((await get(test, keys[0]!))?.equals(Buffer.alloc(BYTES, 0))).toBe(true);
  });

  it('brings them up from another server, which keeps its own', async () => {
    for (const key of keys) await removeFrom(key, 'memory', 'disk');
    expect(await move({ to: 'memory' })).toMatchObject({ moved: 3 });
    for (const key of keys) expect(await holders(key)).toEqual(['memory', 'far']);
  });

  it('takes them from the tier that is named, though others see it, too', async () => {
    expect(await move({ to: 'disk', from: 'far' })).toMatchObject({ there: 3 });
    for (const key of keys) expect(await holders(key)).toEqual(['memory', 'disk']);
  });

  it('copies', async () => {
    await removeFrom(keys[1]!, 'disk');
    expect(await move({ to: 'disk', copy: true })).toMatchObject({ moved: 1, there: 2 });
    for (const key of keys) expect(await holders(key)).toEqual(['memory', 'disk', 'far']);
  });

  it('says what is missing', async () => {
    expect(await move({ to: 'disk' }, [ChunkKey.of('never')])).toMatchObject({ missing: 1, moved: 0 });
    await removeFrom(keys[0]!, 'memory', 'disk', 'far');
    expect(await move({ to: 'memory' }, keys.slice(0, 1))).toMatchObject({ missing: 1 });
  });

  it('leaves what the tier does not take where it was', async () => {
    await removeFrom(keys[0]!, 'disk');
    disk.putOutcome = 'busy';
    expect(await move({ to: 'disk' }, keys.slice(0, 1))).toMatchObject({ kept: 1, moved: 0 });
    expect(await holders(keys[0]!)).toEqual(['memory', 'far']);
    disk.throws = true;
    expect(await move({ to: 'far' }, keys.slice(0, 1))).toMatchObject({ there: 1 });
  });

  it('does not bring back what was written meanwhile', async () => {
    const key = keys[0]!;
    await removeFrom(key, 'memory', 'disk');
    far.hold();
    const end = move({ to: 'memory' }, [key]);
    await expectEventually(() => far.calls.includes('get a'));
    await put(test, key, Buffer.alloc(BYTES, 9));
    far.release();
    expect(await end).toMatchObject({ kept: 1, moved: 0 });
    expect((await get(test, key))?.equals(Buffer.alloc(BYTES, 9))).toBe(true);
  });

  it('takes nothing that was written while the tier stored what was there before', async () => {
    const key = keys[0]!;
    await removeFrom(key, 'disk');
    disk.hold();
    disk.calls.splice(0);
    const end = move({ to: 'disk' }, [key]);
    await expectEventually(() => disk.calls.includes('put a'));
    // The tier has no room for the new one, and gives the old one up.
    disk.putMany = async () => {
      await disk.remove(key);
      return ['busy'];
    };
    await put(test, key, Buffer.alloc(BYTES, 9));
    disk.release();
    expect(await end).toMatchObject({ kept: 1, moved: 0 });
    expect(await holders(key)).toEqual(['memory', 'far']);
    expect((await get(test, key))?.equals(Buffer.alloc(BYTES, 9))).toBe(true);
  });

  it('hides nothing from a reader that has passed the tier it is brought to', async () => {
    const key = keys[0]!;
    await removeFrom(key, 'memory', 'disk');
    disk.hold();
    const read = get(test, key);
    await expectEventually(() => disk.calls.includes('get a'));
    expect(await move({ to: 'memory', from: 'far' }, [key])).toMatchObject({ moved: 1 });
    disk.release();
    expect((await read)?.equals(Buffer.alloc(BYTES, 0))).toBe(true);
  });

  it('does not bring back what was removed meanwhile', async () => {
    const key = keys[0]!;
    await removeFrom(key, 'memory', 'disk');
    far.hold();
    const end = move({ to: 'memory' }, [key]);
    await expectEventually(() => far.calls.includes('get a'));
    const removed = test.engine.delete([key]);
    far.release();
    await removed;
    await end;
    expect(await holders(key)).toEqual([]);
  });

  it('tells every step', async () => {
    await removeFrom(keys[2]!, 'disk');
    const steps = await lastValueFrom(test.engine.move(keys, { to: 'disk' }).pipe(toArray()));
    expect(steps.map(({ moved, there }) => moved + there)).toEqual([0, 1, 2, 3, 3]);
    expect(steps.map(({ state }) => state)).toEqual([...Array<string>(4).fill('moving'), 'done']);
  });

  it('loses nothing where it is moved to and fro at a time', async () => {
    for (const key of keys) await removeFrom(key, 'far');
    await removeFrom(keys[1]!, 'disk');
    await removeFrom(keys[2]!, 'memory');
    await Promise.all([move({ to: 'disk' }), move({ to: 'memory' })]);
    for (const key of keys) expect(await holders(key)).toEqual(['memory']);
  });

  it('brings a chunk twice asked for once', async () => {
    const key = keys[0]!;
    await removeFrom(key, 'disk');
    expect(await move({ to: 'disk' }, [key, key])).toMatchObject({ moved: 1, there: 1, kept: 0 });
  });

  it('takes it from the next tier where the first has it no more when it is read', async () => {
    const key = keys[0]!;
    await removeFrom(key, 'memory');
    disk.hold();
    const end = move({ to: 'memory' }, [key]);
    await expectEventually(() => disk.calls.includes('get a'));
    disk.copies.delete(key.id);
    disk.release();
    expect(await end).toMatchObject({ moved: 1, missing: 0 });
  });

  it('holds up nobody, also where every answer is there at once', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => ChunkKey.of(`never${index}`));
    let isOver = false;
    const end = move({ to: 'memory', from: 'disk' }, many).finally(() => (isOver = true));
    await nextTurn();
    expect(isOver).toBe(false);
    expect(await end).toMatchObject({ state: 'done', missing: 1000 });
  });

  it('ends between two chunks when nobody listens any more', async () => {
    await removeFrom(keys[0]!, 'memory', 'disk');
    far.hold();
    const many = [keys[0]!, ...Array.from({ length: 1000 }, (_, index) => ChunkKey.of(`never${index}`))];
    const subscription = test.engine.move(many, { to: 'memory' }).subscribe();
    await expectEventually(() => far.calls.includes('get a'));
    subscription.unsubscribe();
    far.release();
    await expectEventually(async () => (await holders(keys[0]!)).includes('memory'));
    expect(far.calls.includes('contains never999')).toBe(false);
  });

  it('ends with the server', async () => {
    for (const key of keys) await removeFrom(key, 'memory', 'disk');
    far.hold();
    const end = move({ to: 'memory' });
    await expectEventually(() => far.calls.includes('get a'));
    test.engine.beginDrain();
    expect(await end).toMatchObject({ state: 'cancelled', moved: 0 });
    expect(await move({ to: 'memory' })).toMatchObject({ state: 'cancelled', moved: 0 });
  });

  it.each([
    [{ to: 'moon' }, 'no tier "moon"'],
    [{ to: 'disk', from: 'moon' }, 'no tier "moon"'],
    [{ to: 'disk', from: 'disk' }, 'the same tier'],
  ])('refuses %j', (request, message) => {
    expect(() => test.engine.move(keys, request)).toThrow(
      expect.objectContaining({ code: 'KV_MOVE_OPTIONS', message: expect.stringContaining(message) }),
    );
  });
});
