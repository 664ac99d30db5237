import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, Observable, take } from 'rxjs';
import { CHUNK_BYTES, type Item, LoadsByHand, nextTurn } from '../../../test/support/loads-by-hand.js';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type Locating, type Places } from '../tiers/locating.interface.js';
import { type Loaded } from './prefix-read.interface.js';
import { readAhead } from './read-ahead.js';

describe('the windows of readAhead', () => {
  let loads: LoadsByHand;
  beforeEach(() => {
    loads = new LoadsByHand();
  });
  afterEach(() => expect(loads.close()).toEqual([0, 0]));

  it('delivers in prefix order, whatever the order of arrival', async () => {
    const got: string[] = [];
    loads.read(3, 3).subscribe(({ handle }) => {
      got.push(handle.key.toString());
      handle[Symbol.dispose]();
    });
    await loads.arrive('k2');
    await loads.arrive('k1');
    expect(got).toEqual([]);
    await loads.arrive('k0');
    expect(got).toEqual(['k0', 'k1', 'k2']);
  });

  it('starts as many loads as the window, and one more for each disposal', async () => {
    const held: ArenaHandle[] = [];
    loads.read(6, 2).subscribe(({ handle }) => held.push(handle));
    expect(loads.started).toEqual(['k0', 'k1']);
    await loads.arrive('k0');
    await loads.arrive('k1');
    expect(loads.started).toHaveLength(2);
    held.shift()?.[Symbol.dispose]();
    expect(loads.started).toEqual(['k0', 'k1', 'k2']);
    await loads.arrive('k2', 'miss');
    held.forEach((handle) => handle[Symbol.dispose]());
  });

  it('loads from every tier at a time, each with a window of its own', async () => {
    const places = ['disk', 'disk', 'disk', 'redis', 'redis', 'redis', 'disk'];
    const got: number[] = [];
    loads.read(7, 2, { now: places }).subscribe(({ item, handle }) => {
      got.push(item.index);
      handle[Symbol.dispose]();
    });
    expect(loads.started).toEqual(['k0', 'k1', 'k3', 'k4']);
    for (const name of ['k3', 'k4', 'k1']) await loads.arrive(name);
    expect([loads.started.length, got]).toEqual([4, []]);
    await loads.arrive('k0');
    expect([loads.started.slice(4), got]).toEqual([
      ['k2', 'k6'],
      [0, 1],
    ]);
    for (const name of ['k2', 'k6', 'k5']) await loads.arrive(name);
    expect(got).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('delivers what is here while it is not known where the rest is', async () => {
    let tell!: (places: Places) => void;
    const later = new Promise<Places>((resolve) => (tell = resolve));
    const got: number[] = [];
    let completed = false;
    loads.read(4, 4, { now: ['memory', undefined, 'memory', undefined], later }).subscribe({
      next: ({ item, handle }) => {
        got.push(item.index);
        handle[Symbol.dispose]();
      },
      complete: () => (completed = true),
    });
    await loads.arrive('k0');
    await loads.arrive('k2');
    expect([loads.started, got, completed]).toEqual([['k0', 'k2'], [0], false]);
    tell(['disk', 'redis', 'disk', undefined]);
    await nextTurn();
    expect([loads.started.slice(2), completed]).toEqual([['k1'], false]);
    await loads.arrive('k1');
    expect([got, completed]).toEqual([[0, 1, 2], true]);
  });

  it('ends with the error that locating ended with', async () => {
    const broken = Promise.reject(new Error('no tiers'));
    await expect(firstValueFrom(loads.read(1, 1, { now: [undefined], later: broken }))).rejects.toThrow(
      'no tiers',
    );
  });

  it('ends at the first chunk that is missing, and gives back what was read beyond it', async () => {
    let completed = false;
    const got: number[] = [];
    loads.read(4, 4).subscribe({
      next: ({ item, handle }) => {
        got.push(item.index);
        handle[Symbol.dispose]();
      },
      complete: () => (completed = true),
    });
    await loads.arrive('k0');
    await loads.arrive('k2');
    await loads.arrive('k1', 'corrupt');
    expect([completed, got]).toEqual([true, [0]]);
    await loads.arrive('k3');
  });

  it('gives everything back when it is cancelled, also what arrives later', async () => {
    const subscription = loads.read(4, 4).subscribe(({ handle }) => handle[Symbol.dispose]());
    await loads.arrive('k1');
    subscription.unsubscribe();
    expect(loads.arena.usage().references).toBe(0);
    await loads.arrive('k0');
    await loads.arrive('k2');
    await loads.arrive('k3');
  });

  it('asks nothing for a receiver that has left before', () => {
    let asked = 0;
    const locate = (): Locating => {
      asked++;
      return { now: [undefined], later: undefined };
    };
    new Observable<Loaded<Item>>((subscriber) => {
      subscriber.unsubscribe();
      return readAhead(
        [{ index: 0, key: ChunkKey.of('k0') }],
        { locate, read: loads.slow },
        { window: 1 },
      ).subscribe(subscriber);
    }).subscribe();
    expect(asked).toBe(0);
  });

  it('gives everything back when the receiver leaves in the middle of a run of chunks', async () => {
    const got: Loaded<Item>[] = [];
    const first$ = loads.read(10, 8, { from: (key) => loads.chunk(key.toString()) }).pipe(take(1));
    first$.subscribe((loaded) => got.push(loaded));
    expect([got.length, loads.arena.usage().references]).toEqual([1, 1]);
    got[0]?.handle[Symbol.dispose]();
    await nextTurn();
  });

  it('reads beyond the window while a slower tier is waited for, as far as the budget goes', async () => {
    const ahead = loads.share(2500);
    const got: number[] = [];
    const places = ['disk', ...Array<string>(9).fill('redis')];
    loads.read(10, 2, { now: places }).subscribe(({ item, handle }) => {
      got.push(item.index);
      handle[Symbol.dispose]();
    });
    expect(loads.started).toEqual(['k0', 'k1', 'k2']);
    await loads.arrive('k1');
    expect(loads.started.slice(3)).toEqual(['k3']);
    await loads.arrive('k2');
    await loads.arrive('k3');
    expect([loads.started.slice(4), ahead.freeBytes]).toEqual([['k4'], 500]);
    await loads.arrive('k4');
    expect(loads.started.slice(5)).toEqual([]);
    await loads.arrive('k0');
    expect([got, loads.started.slice(5)]).toEqual([
      [0, 1, 2, 3, 4],
      ['k5', 'k6'],
    ]);
    expect(ahead.freeBytes).toBe(2500);
    await loads.arrive('k5', 'miss');
    await loads.arrive('k6');
  });

  it('reads nothing beyond the window that is there at once, nor for a receiver that is slow', async () => {
    loads.share(1e6);
    const held: ArenaHandle[] = [];
    const places = ['disk', 'disk', ...Array<string>(6).fill('memory'), 'disk', 'disk'];
    const from = (key: ChunkKey): Awaitable<ReadOutcome> => {
      if (places[Number(key.toString().slice(1))] === 'disk') return loads.slow(key);
      loads.started.push(key.toString());
      return loads.chunk(key.toString());
    };
    loads.read(10, 2, { from, now: places }).subscribe(({ handle }) => held.push(handle));
    expect(loads.started).toEqual(['k0', 'k1', 'k2', 'k3']);
    await loads.arrive('k0');
    expect(loads.started.slice(4)).toEqual([]);
    await loads.arrive('k1', 'miss');
    held.shift()?.[Symbol.dispose]();
  });

  it('gives credit once for a chunk that is disposed twice', async () => {
    const held: ArenaHandle[] = [];
    loads.read(4, 1).subscribe(({ handle }) => held.push(handle));
    await loads.arrive('k0');
    held[0]?.[Symbol.dispose]();
    expect(() => held[0]?.[Symbol.dispose]()).toThrow(
      expect.objectContaining({ code: 'KV_ARENA_DOUBLE_FREE' }),
    );
    expect(loads.started).toEqual(['k0', 'k1']);
    await loads.arrive('k1', 'miss');
  });

  it('reads a thousand chunks that are ready at once without growing the stack', async () => {
    let count = 0;
    const last = await new Promise<Loaded<Item> | undefined>((resolve) => {
      let latest: Loaded<Item> | undefined;
      loads.read(1000, 8, { from: (key) => loads.chunk(key.toString()) }).subscribe({
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

  it('gives the receiver no more of a tier than the window, whatever is loaded beyond it', async () => {
    const ahead = loads.share(1e6);
    const held: ArenaHandle[] = [];
    const places = ['disk', ...Array<string>(5).fill('redis')];
    loads.read(6, 2, { now: places }).subscribe(({ handle }) => held.push(handle));
    for (const name of ['k1', 'k2', 'k3', 'k4', 'k5', 'k0']) await loads.arrive(name);
    expect([held.length, ahead.freeBytes]).toEqual([3, 1e6 - 3 * CHUNK_BYTES]);
    held[0]?.[Symbol.dispose]();
    expect(held).toHaveLength(3);
    for (let i = 1; i < 6; i++) held[i]?.[Symbol.dispose]();
    expect(held.map(({ disposed }) => disposed)).toEqual(Array(6).fill(true));
  });

  it('ends with the error that a load ended with, and keeps nothing', async () => {
    loads.share(1e6);
    let fail!: (error: Error) => void;
    const broken = new Promise<ReadOutcome>((_, reject) => (fail = reject));
    const places = ['disk', 'redis', 'redis'];
    const from = (key: ChunkKey): Promise<ReadOutcome> =>
      key.toString() === 'k2' ? broken : loads.slow(key);
    const end = firstValueFrom(loads.read(3, 1, { from, now: places }));
    await loads.arrive('k1');
    fail(new Error('no promise kept'));
    await expect(end).rejects.toThrow('no promise kept');
    await loads.arrive('k0');
  });
});
