import { afterEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { type ArenaHandle } from '../../src/arena/arena.interface.js';
import { type PrefetchProgress } from '../../src/modules/prefetch/prefetch.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, put, type TestEngine, type TestEngineOptions } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNK_BYTES = 100 * KIB;

describe('prefetch', () => {
  let test: TestEngine;
  let near: ScriptedBackend;
  let far: ScriptedBackend;

  const keys = (count: number): ChunkKey[] =>
    Array.from({ length: count }, (_, index) => ChunkKey.of(`k${index}`));
  const memory = (): Promise<readonly (string | undefined)[]> =>
    Promise.resolve(test.engine.exists(keys(12), { localOnly: true }));

  /** Chunks k0, k1, … each in one tier only. */
  async function start(places: readonly string[], options: TestEngineOptions = {}): Promise<void> {
    test = await createTestEngine({
      tiers: (parts) => [
        (near = new ScriptedBackend('near', parts, { shared: false })),
        (far = new ScriptedBackend('far', parts)),
      ],
      ...options,
    });
    for (const [index, key] of keys(places.length).entries()) {
      await put(test, key, Buffer.alloc(CHUNK_BYTES, index), { ack: 'all' });
      for (const { name, backend } of test.stack.tiers) {
        if (name !== places[index]) await backend.remove(key);
      }
    }
    for (const tier of [near, far]) tier.calls.splice(0);
  }

  afterEach(async () => {
    for (const tier of [near, far]) tier.release();
    await test.engine.settled();
    await expectEventually(() => test.arena.usage().references === 0);
    await test.close();
  });

  const gets = (tier: ScriptedBackend): string[] => tier.calls.filter((call) => call.startsWith('get'));

  it('brings a prefix to memory from all tiers at a time, and tells how far it is', async () => {
    await start(['memory', 'near', 'near', 'far', 'far', 'memory']);
    near.hold();
    far.hold();
    const progress: PrefetchProgress[] = [];
    const done = lastValueFrom(test.engine.prefetch(keys(6)).pipe(toArray())).then((all) =>
      progress.push(...all),
    );
    await expectEventually(() => gets(near).length + gets(far).length === 4);
    expect([gets(near), gets(far)]).toEqual([
      ['get k1', 'get k2'],
      ['get k3', 'get k4'],
    ]);
    near.release();
    far.release();
    await done;
    expect(progress[0]).toMatchObject({ state: 'locating', total: 6, located: 0 });
    expect(progress[1]).toMatchObject({ state: 'loading', total: 6, located: 6, skipped: 2, loaded: 0 });
    expect([...new Set(progress.map(({ loaded }) => loaded))]).toEqual([0, 1, 2, 3, 4]);
    expect(Math.max(...progress.map(({ loading }) => loading))).toBe(4);
    const two = { located: 2, loaded: 2, bytes: 2 * CHUNK_BYTES };
    expect(progress.at(-1)).toEqual({
      ...{ state: 'done', total: 6, located: 6, skipped: 2, loading: 0, loaded: 4, failed: 0 },
      tiers: { near: two, far: two },
    });
    expect((await memory()).slice(0, 6)).toEqual(Array(6).fill('memory'));
  });

  it('asks for chunks that are in two tiers by turns in few questions', async () => {
    await start(['far', 'near', 'far', 'near', 'far', 'near', 'far', 'near', 'nowhere', 'near']);
    const end = await lastValueFrom(test.engine.prefetch(keys(10)));
    expect(end).toMatchObject({ state: 'done', total: 10, located: 8, loaded: 8 });
    expect(far.calls.filter((call) => call === 'containsPrefix')).toHaveLength(2);
  });

  it('finds what leaves the tier that had it while another is asked', async () => {
    await start(['far', 'near', 'far', 'near', 'far']);
    const key = keys(4)[3]!;
    const containsPrefix = far.containsPrefix.bind(far);
    let questions = 0;
    far.containsPrefix = (asked) => {
      if (++questions === 2) {
        far.copies.set(key.id, near.copies.get(key.id)!);
        near.copies.delete(key.id);
      }
      return containsPrefix(asked);
    };
    const located = await test.stack.locatePrefix(keys(5), { leaseMs: 1000 });
    expect(located.map(({ tier }) => tier)).toEqual(['far', 'near', 'far', 'far', 'far']);
  });

  it('loads nothing behind a chunk that no tier has', async () => {
    await start(['near', 'near', 'nowhere', 'near']);
    const end = await lastValueFrom(test.engine.prefetch(keys(4)));
    expect(end).toMatchObject({ state: 'done', total: 4, located: 2, loaded: 2, failed: 0 });
    expect(gets(near)).toEqual(['get k0', 'get k1']);
  });

  it('counts as failed what is gone when it is read, and what lies behind', async () => {
    await start(['near', 'near', 'near']);
    near.hold();
    const end = lastValueFrom(test.engine.prefetch(keys(3)));
    await expectEventually(() => gets(near).length === 3);
    near.copies.delete(keys(2)[1]!.id);
    near.release();
    expect(await end).toMatchObject({ state: 'done', located: 3, loaded: 2, failed: 1 });
  });

  it('goes no further up than it is told', async () => {
    await start(['far', 'near', 'far']);
    const end = await lastValueFrom(test.engine.prefetch(keys(3), { upTo: 'near' }));
    expect(end).toMatchObject({ located: 3, skipped: 1, loaded: 2 });
    await test.engine.settled();
    expect([...near.copies.values()].map(({ key }) => key.toString()).sort()).toEqual(['k0', 'k1', 'k2']);
    expect(await test.stack.tiers[0]?.backend.contains(keys(1)[0]!)).toBe(false);
  });

  it('brings to memory what a reader asks for while it is loading no further than another tier', async () => {
    await start(['far', 'far']);
    far.hold();
    const end = lastValueFrom(test.engine.prefetch(keys(2), { upTo: 'near' }));
    await expectEventually(() => gets(far).length === 2);
    const read = test.engine.get(keys(1)[0]!) as Promise<ArenaHandle>;
    // It asks the near tier, then waits for the load that is running.
    await expectEventually(() => gets(near).length === 1);
    await new Promise(setImmediate);
    far.release();
    (await read)[Symbol.dispose]();
    expect(await end).toMatchObject({ loaded: 2 });
    await test.engine.settled();
    expect(gets(far)).toHaveLength(2);
    expect(Array.from(near.copies.values(), ({ key }) => key.toString()).toSorted()).toEqual(['k0', 'k1']);
    const isInMemory = keys(2).map((key) => test.stack.tiers[0]?.backend.contains(key));
    expect(isInMemory).toEqual([true, false]);
  });

  it('shares a load with a reader', async () => {
    await start(['near']);
    near.hold();
    const end = lastValueFrom(test.engine.prefetch(keys(1)));
    await expectEventually(() => gets(near).length === 1);
    const read = test.engine.get(keys(1)[0]!) as Promise<ArenaHandle>;
    near.release();
    using handle = await read;
    expect(handle.lengthBytes).toBe(CHUNK_BYTES);
    expect(await end).toMatchObject({ loaded: 1 });
    expect(gets(near)).toHaveLength(1);
  });

  it('loads as much at a time as the configuration says, the more urgent first', async () => {
    await start(['near', 'near', 'near', 'near', 'near', 'near'], {
      config: { prefetch: { loads: 2, bytes: MIB } },
    });
    near.hold();
    const all = keys(6);
    const ends = [
      lastValueFrom(test.engine.prefetch(all.slice(0, 3))),
      lastValueFrom(test.engine.prefetch(all.slice(3, 5), { priority: 9 })),
      lastValueFrom(test.engine.prefetch(all.slice(5), { priority: 0 })),
    ];
    await expectEventually(() => gets(near).length === 2);
    expect(gets(near)).toEqual(['get k0', 'get k1']);
    near.release();
    await Promise.all(ends);
    expect(gets(near)).toEqual(['get k0', 'get k1', 'get k5', 'get k2', 'get k3', 'get k4']);
  });

  it('loads one at a time where two would be more bytes than allowed', async () => {
    await start(['near', 'near', 'near'], { config: { prefetch: { loads: 8, bytes: 150 * KIB } } });
    await lastValueFrom(test.engine.prefetch(keys(1)));
    near.hold();
    const end = lastValueFrom(test.engine.prefetch(keys(3)));
    await expectEventually(() => gets(near).length === 2);
    expect(gets(near)).toEqual(['get k0', 'get k1']);
    near.release();
    expect(await end).toMatchObject({ skipped: 1, loaded: 2 });
  });

  it('waits until readers leave it room', async () => {
    await start(['near'], { arenaBytes: 2 * MIB });
    const held: ArenaHandle[] = [];
    for (;;) {
      const handle = test.stack.space.reserve({ key: ChunkKey.of('other'), lengthBytes: CHUNK_BYTES });
      if (typeof handle === 'string') break;
      held.push(handle);
    }
    let ended = false;
    const end = lastValueFrom(test.engine.prefetch(keys(1))).finally(() => (ended = true));
    await expectEventually(() => gets(near).length > 2);
    expect(ended).toBe(false);
    held.forEach((handle) => handle[Symbol.dispose]());
    expect(await end).toMatchObject({ state: 'done', loaded: 1 });
  });

  it('does not wait for room that its own chunks further back take', async () => {
    await start(['far', 'near', 'near', 'near'], { arenaBytes: 2 * MIB });
    const held: ArenaHandle[] = [];
    for (;;) {
      const handle = test.stack.space.reserve({ key: ChunkKey.of('other'), lengthBytes: CHUNK_BYTES });
      if (typeof handle === 'string') break;
      held.push(handle);
    }
    held.splice(0, 3).forEach((handle) => handle[Symbol.dispose]());
    far.hold();
    let last: PrefetchProgress | undefined;
    const end = lastValueFrom(test.engine.prefetch(keys(4)).pipe(tap((progress) => (last = progress))));
    await expectEventually(() => last?.loaded === 3);
    far.release();
    await expectEventually(() => last?.loaded === 4);
    expect((await memory()).slice(0, 3)).toEqual(Array(3).fill('memory'));
    held.forEach((handle) => handle[Symbol.dispose]());
    expect(await end).toMatchObject({ state: 'done', loaded: 4, failed: 0 });
    expect((await memory()).slice(0, 4)).toEqual(Array(4).fill('memory'));
  });

  it('keeps what it brought until it is read, or for the time of a lease', async () => {
    await start(['near'], { arenaBytes: 2 * MIB });
    await lastValueFrom(test.engine.prefetch(keys(1)));
    expect(test.stack.tiers[0]?.backend.usage().leasedBytes).toBeGreaterThan(0);
  });

  it('keeps what is in memory already for the same time', async () => {
    await start(['memory', 'memory'], { arenaBytes: 2 * MIB });
    expect(test.stack.tiers[0]?.backend.usage().leasedBytes).toBe(0);
    expect(await lastValueFrom(test.engine.prefetch(keys(2)))).toMatchObject({ skipped: 2, loaded: 0 });
    expect(test.stack.tiers[0]?.backend.usage().leasedBytes).toBeGreaterThanOrEqual(2 * CHUNK_BYTES);
  });

  it('ends at its time-out, and gives everything back', async () => {
    await start(['near', 'far']);
    near.hold();
    const end = await lastValueFrom(test.engine.prefetch(keys(2), { timeoutMs: 30 }));
    expect(end).toMatchObject({ state: 'timeout', loading: 0, failed: 0 });
    near.release();
  });

  it('ends when nobody listens any more: what waits is not loaded, what arrives is dropped', async () => {
    await start(['near', 'near', 'near'], { config: { prefetch: { loads: 1, bytes: MIB } } });
    near.hold();
    const subscription = test.engine.prefetch(keys(3)).subscribe();
    await expectEventually(() => gets(near).length === 1);
    subscription.unsubscribe();
    near.release();
    await expectEventually(() => test.arena.usage().references === 0);
    expect(gets(near)).toEqual(['get k0']);
  });

  it('ends with the server', async () => {
    await start(['near', 'near']);
    near.hold();
    const end = lastValueFrom(test.engine.prefetch(keys(2)));
    await expectEventually(() => gets(near).length === 2);
    test.engine.beginDrain();
    expect(await end).toMatchObject({ state: 'cancelled', loaded: 0 });
    expect(await lastValueFrom(test.engine.prefetch(keys(2)))).toMatchObject({ state: 'cancelled' });
  });

  it.each([
    [{ priority: 10 }, 'priority is 10'],
    [{ priority: 0.5 }, 'priority is 0.5'],
    [{ timeoutMs: 0 }, 'timeoutMs is 0'],
    [{ upTo: 'moon' }, 'no tier "moon"'],
  ])('refuses %j', async (options, message) => {
    await start([]);
    expect(() => test.engine.prefetch([], options)).toThrow(
      expect.objectContaining({ code: 'KV_PREFETCH_OPTIONS', message: expect.stringContaining(message) }),
    );
  });

  it('finds a chunk that has moved since', async () => {
    await start(['near', 'far']);
    far.hold();
    const end = lastValueFrom(test.engine.prefetch(keys(2), { priority: 9 }));
    await expectEventually(() => gets(far).length === 1);
    const moved = keys(2)[1]!;
    near.copies.set(moved.id, far.copies.get(moved.id)!);
    far.copies.delete(moved.id);
    far.release();
    expect(await end).toMatchObject({ loaded: 2, failed: 0 });
  });

  it('of nothing is done at once', async () => {
    await start([]);
    expect(await lastValueFrom(test.engine.prefetch([]))).toMatchObject({ state: 'done', total: 0 });
  });
});
