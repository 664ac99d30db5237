import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, type Observable, take, toArray } from 'rxjs';
import { expectEventually } from '../../../test/support/eventually.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { type Arena, type ArenaHandle } from '../../arena/arena.interface.js';
import { createArena } from '../../arena/create-arena.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type Places } from '../tiers/locating.interface.js';
import { type Loaded } from './prefix-read.interface.js';
import { AheadBudget } from './ahead-budget.js';
import { readAhead } from './read-ahead.js';

interface Item {
  readonly index: number;
  readonly key: ChunkKey;
}

const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

describe('readAhead', () => {
  let arena: Arena;
  /** Loads under way, to be answered by the test. */
  let loads: Map<string, (outcome: ReadOutcome) => void>;
  let started: string[];
  let ahead: AheadBudget | undefined;

  beforeEach(() => {
    arena = createArena({ capacityBytes: 4 * 1024 * 1024, native: false });
    loads = new Map();
    started = [];
    ahead = undefined;
  });
  afterEach(() => {
    expect(arena.usage().references).toBe(0);
    expect(ahead?.freeBytes).toBe(ahead?.totalBytes);
    arena.close();
  });

  const items = (count: number): Item[] =>
    Array.from({ length: count }, (_, index) => ({ index, key: ChunkKey.of(`k${index}`) }));

  const chunk = (name: string): ArenaHandle => {
    const handle = arena.allocate({ key: ChunkKey.of(name), lengthBytes: 1000 });
    if (handle === undefined) throw new Error('arena is full');
    handle.seal(0);
    return handle;
  };

  const slow = (key: ChunkKey): Promise<ReadOutcome> =>
    new Promise((resolve) => {
      started.push(key.toString());
      loads.set(key.toString(), resolve);
    });

  const arrive = async (name: string, outcome: ReadOutcome = chunk(name)): Promise<void> => {
    loads.get(name)?.(outcome);
    await nextTurn();
  };

  /** All from one tier, unless said otherwise. */
  const read = (
    count: number,
    window: number,
    from: (key: ChunkKey) => Awaitable<ReadOutcome> = slow,
    now: Places = Array<string>(count).fill('disk'),
    later?: Promise<Places>,
    patienceMs?: number,
  ): Observable<Loaded<Item>> =>
    readAhead(
      items(count),
      { locate: () => ({ now, later }), read: from },
      { window, ...(ahead && { ahead }), ...(patienceMs !== undefined && { patienceMs }) },
    );

  it('delivers in prefix order, whatever the order of arrival', async () => {
    const got: string[] = [];
    read(3, 3).subscribe(({ handle }) => {
      got.push(handle.key.toString());
      handle[Symbol.dispose]();
    });
    await arrive('k2');
    await arrive('k1');
    expect(got).toEqual([]);
    await arrive('k0');
    expect(got).toEqual(['k0', 'k1', 'k2']);
  });

  it('starts as many loads as the window, and one more for each disposal', async () => {
    const held: ArenaHandle[] = [];
    read(6, 2).subscribe(({ handle }) => held.push(handle));
    expect(started).toEqual(['k0', 'k1']);
    await arrive('k0');
    await arrive('k1');
    expect(started).toHaveLength(2);
    held.shift()?.[Symbol.dispose]();
    expect(started).toEqual(['k0', 'k1', 'k2']);
    await arrive('k2', 'miss');
    held.forEach((handle) => handle[Symbol.dispose]());
  });

  it('loads from every tier at a time, each with a window of its own', async () => {
    const places = ['disk', 'disk', 'disk', 'redis', 'redis', 'redis', 'disk'];
    const got: number[] = [];
    read(7, 2, slow, places).subscribe(({ item, handle }) => {
      got.push(item.index);
      handle[Symbol.dispose]();
    });
    expect(started).toEqual(['k0', 'k1', 'k3', 'k4']);
    for (const name of ['k3', 'k4', 'k1']) await arrive(name);
    expect([started.length, got]).toEqual([4, []]);
    await arrive('k0');
    expect([started.slice(4), got]).toEqual([
      ['k2', 'k6'],
      [0, 1],
    ]);
    for (const name of ['k2', 'k6', 'k5']) await arrive(name);
    expect(got).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('delivers what is here while it is not known where the rest is', async () => {
    let tell!: (places: Places) => void;
    const later = new Promise<Places>((resolve) => (tell = resolve));
    const got: number[] = [];
    let completed = false;
    read(4, 4, slow, ['memory', undefined, 'memory', undefined], later).subscribe({
      next: ({ item, handle }) => {
        got.push(item.index);
        handle[Symbol.dispose]();
      },
      complete: () => (completed = true),
    });
    await arrive('k0');
    await arrive('k2');
    expect([started, got, completed]).toEqual([['k0', 'k2'], [0], false]);
    tell(['disk', 'redis', 'disk', undefined]);
    await nextTurn();
    expect([started.slice(2), completed]).toEqual([['k1'], false]);
    await arrive('k1');
    expect([got, completed]).toEqual([[0, 1, 2], true]);
  });

  it('ends with the error that locating ended with', async () => {
    const broken = Promise.reject(new Error('no tiers'));
    await expect(firstValueFrom(read(1, 1, slow, [undefined], broken))).rejects.toThrow('no tiers');
  });

  it('ends at the first chunk that is missing, and gives back what was read beyond it', async () => {
    let completed = false;
    const got: number[] = [];
    read(4, 4).subscribe({
      next: ({ item, handle }) => {
        got.push(item.index);
        handle[Symbol.dispose]();
      },
      complete: () => (completed = true),
    });
    await arrive('k0');
    await arrive('k2');
    await arrive('k1', 'corrupt');
    expect([completed, got]).toEqual([true, [0]]);
    await arrive('k3');
  });

  it('gives everything back when it is cancelled, also what arrives later', async () => {
    const subscription = read(4, 4).subscribe(({ handle }) => handle[Symbol.dispose]());
    await arrive('k1');
    subscription.unsubscribe();
    expect(arena.usage().references).toBe(0);
    await arrive('k0');
    await arrive('k2');
    await arrive('k3');
  });

  it('gives everything back when the receiver leaves in the middle of a run of chunks', async () => {
    const got: Loaded<Item>[] = [];
    const first$ = read(10, 8, (key) => chunk(key.toString())).pipe(take(1));
    first$.subscribe((loaded) => got.push(loaded));
    expect([got.length, arena.usage().references]).toEqual([1, 1]);
    got[0]?.handle[Symbol.dispose]();
    await nextTurn();
  });

  it('reads again what found no room, when a chunk in front of it is disposed', async () => {
    const held: ArenaHandle[] = [];
    read(2, 2).subscribe(({ handle }) => held.push(handle));
    await arrive('k1', 'busy');
    await arrive('k0');
    expect(started).toEqual(['k0', 'k1']);
    held.shift()?.[Symbol.dispose]();
    await nextTurn();
    expect(started).toEqual(['k0', 'k1', 'k1']);
    await arrive('k1');
    expect(held).toHaveLength(1);
    held[0]?.[Symbol.dispose]();
  });

  it('takes the room of what is further back for the next chunk, and reads that again later', async () => {
    const got: number[] = [];
    read(3, 3).subscribe(({ item, handle }) => {
      got.push(item.index);
      handle[Symbol.dispose]();
    });
    await arrive('k1');
    await arrive('k2');
    await arrive('k0', 'busy');
    expect(arena.usage().references).toBe(1);
    expect(started).toEqual(['k0', 'k1', 'k2', 'k0']);
    await arrive('k0');
    expect([got, started.slice(4)]).toEqual([[0, 1], ['k2']]);
    await arrive('k2');
    expect(got).toEqual([0, 1, 2]);
  });

  it('reads beyond the window while a slower tier is waited for, as far as the budget goes', async () => {
    ahead = new AheadBudget(2500);
    const got: number[] = [];
    const places = ['disk', ...Array<string>(9).fill('redis')];
    read(10, 2, slow, places).subscribe(({ item, handle }) => {
      got.push(item.index);
      handle[Symbol.dispose]();
    });
    expect(started).toEqual(['k0', 'k1', 'k2']);
    await arrive('k1');
    expect(started.slice(3)).toEqual(['k3']);
    await arrive('k2');
    await arrive('k3');
    expect([started.slice(4), ahead.freeBytes]).toEqual([['k4'], 500]);
    await arrive('k4');
    expect(started.slice(5)).toEqual([]);
    await arrive('k0');
    expect([got, started.slice(5)]).toEqual([
      [0, 1, 2, 3, 4],
      ['k5', 'k6'],
    ]);
    expect(ahead.freeBytes).toBe(2500);
    await arrive('k5', 'miss');
    await arrive('k6');
  });

  it('reads nothing beyond the window that is there at once, nor for a receiver that is slow', async () => {
    ahead = new AheadBudget(1e6);
    const held: ArenaHandle[] = [];
    const places = ['disk', 'disk', ...Array<string>(6).fill('memory'), 'disk', 'disk'];
    const from = (key: ChunkKey): Awaitable<ReadOutcome> => {
      if (places[Number(key.toString().slice(1))] === 'disk') return slow(key);
      started.push(key.toString());
      return chunk(key.toString());
    };
    read(10, 2, from, places).subscribe(({ handle }) => held.push(handle));
    expect(started).toEqual(['k0', 'k1', 'k2', 'k3']);
    await arrive('k0');
    expect(started.slice(4)).toEqual([]);
    await arrive('k1', 'miss');
    held.shift()?.[Symbol.dispose]();
  });

  it('reads again what found no room before a chunk in front of it was disposed', async () => {
    const got: string[] = [];
    const held: ArenaHandle[] = [];
    let completed = false;
    read(2, 2).subscribe({
      next: ({ handle }) => {
        got.push(handle.key.toString());
        held.push(handle);
      },
      complete: () => (completed = true),
    });
    await arrive('k0');
    held.shift()?.[Symbol.dispose]();
    await arrive('k1', 'busy');
    expect([completed, started]).toEqual([false, ['k0', 'k1', 'k1']]);
    await arrive('k1');
    expect([completed, got]).toEqual([true, ['k0', 'k1']]);
    held.shift()?.[Symbol.dispose]();
  });

  it('reads again what found no room while a chunk in front of it was disposed', async () => {
    const held: ArenaHandle[] = [];
    let completed = false;
    read(3, 3).subscribe({ next: ({ handle }) => held.push(handle), complete: () => (completed = true) });
    await arrive('k2', 'busy');
    await arrive('k0');
    await arrive('k1');
    held.shift()?.[Symbol.dispose]();
    expect(started.slice(3)).toEqual(['k2']);
    held.shift()?.[Symbol.dispose]();
    await arrive('k2', 'busy');
    expect([completed, started.slice(3)]).toEqual([false, ['k2', 'k2']]);
    await arrive('k2');
    expect(completed).toBe(true);
    held.shift()?.[Symbol.dispose]();
  });

  it('gives credit once for a chunk that is disposed twice', async () => {
    const held: ArenaHandle[] = [];
    read(4, 1).subscribe(({ handle }) => held.push(handle));
    await arrive('k0');
    held[0]?.[Symbol.dispose]();
    expect(() => held[0]?.[Symbol.dispose]()).toThrow(
      expect.objectContaining({ code: 'KV_ARENA_DOUBLE_FREE' }),
    );
    expect(started).toEqual(['k0', 'k1']);
    await arrive('k1', 'miss');
  });

  it('ends where there is no room although nothing of it holds any', async () => {
    const done = firstValueFrom(read(2, 1).pipe(toArray()));
    await arrive('k0', 'busy');
    expect(await done).toEqual([]);
  });

  it('waits for the room of others while it holds none, as long as it has patience', async () => {
    const done = firstValueFrom(read(2, 1, slow, undefined, undefined, 60_000).pipe(toArray()));
    await arrive('k0', 'busy');
    await expectEventually(() => started.length === 2);
    await arrive('k0', 'busy');
    await expectEventually(() => started.length === 3);
    await arrive('k0', 'miss');
    expect([await done, started]).toEqual([[], ['k0', 'k0', 'k0']]);
  });

  it('ends when its patience ends', async () => {
    const busy = (): Promise<ReadOutcome> => Promise.resolve('busy');
    const all$ = read(2, 1, busy, undefined, undefined, 30).pipe(toArray());
    expect(await firstValueFrom(all$)).toEqual([]);
  });

  it('waits for no room when it is cancelled', async () => {
    const subscription = read(2, 1, slow, undefined, undefined, 60_000).subscribe();
    await arrive('k0', 'busy');
    subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(started).toEqual(['k0']);
  });

  it('ends, in order and with nothing left, whatever the tiers answer and whenever', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new SeededRandom(seed);
      const count = 1 + random.below(30);
      const missing = random.below(2) === 0 ? count : random.below(count);
      const places = Array.from({ length: count }, () => ['memory', 'disk', 'redis'][random.below(3)]!);
      const known = places.map((place) => (random.below(3) > 0 ? place : undefined));
      let room = 1 + random.below(6);
      ahead = new AheadBudget(1000 * random.below(8));
      const source = async (key: ChunkKey): Promise<ReadOutcome> => {
        for (let turns = random.below(4); turns > 0; turns--) await nextTurn();
        if (Number(key.toString().slice(1)) === missing) return 'miss';
        const hasRoom = room > 0;
        if (hasRoom) room--;
        // Room may be given back until the answer is there.
        for (let turns = random.below(3); turns > 0; turns--) await nextTurn();
        if (!hasRoom) return 'busy';
        const handle = chunk(key.toString());
        const dispose = handle[Symbol.dispose].bind(handle);
        return Object.assign(handle, {
          [Symbol.dispose]: () => {
            room++;
            dispose();
          },
        });
      };
      const got: number[] = [];
      await new Promise<void>((resolve, reject) => {
        const receive = async ({ item, handle }: Loaded<Item>): Promise<void> => {
          got.push(item.index);
          for (let turns = random.below(3); turns > 0; turns--) await nextTurn();
          handle[Symbol.dispose]();
        };
        read(
          count,
          1 + random.below(4),
          source,
          known,
          nextTurn().then(() => places),
        ).subscribe({
          next: (loaded) => void receive(loaded),
          complete: resolve,
          error: reject,
        });
      });
      expect([seed, ...got]).toEqual([seed, ...Array(missing).keys()]);
      await expect(untilEmpty()).resolves.toBe(0);
      expect(ahead.freeBytes).toBe(ahead.totalBytes);
    }
  });

  it('reads a thousand chunks that are ready at once without growing the stack', async () => {
    let count = 0;
    const last = await new Promise<Loaded<Item> | undefined>((resolve) => {
      let latest: Loaded<Item> | undefined;
      read(1000, 8, (key) => chunk(key.toString())).subscribe({
        next: (loaded) => {
          count++;
          latest = loaded;
          loaded.handle[Symbol.dispose]();
        },
        complete: () => resolve(latest),
      });
    });
    expect([count, last?.item.index]).toEqual([1000, 999]);
  });

  /** What loads on arrives within some turns. */
  async function untilEmpty(): Promise<number> {
    for (let turns = 0; turns < 20 && arena.usage().references > 0; turns++) await nextTurn();
    return arena.usage().references;
  }
});
