import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, toArray } from 'rxjs';
import { type Arena, type ArenaHandle } from '../../arena/arena.interface.js';
import { createArena } from '../../arena/create-arena.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type Loaded, readAhead } from './read-ahead.js';

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

  beforeEach(() => {
    arena = createArena({ capacityBytes: 4 * 1024 * 1024, native: false });
    loads = new Map();
    started = [];
  });
  afterEach(() => {
    expect(arena.usage().references).toBe(0);
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

  it('delivers in prefix order, whatever the order of arrival', async () => {
    const got: string[] = [];
    readAhead(items(3), 3, slow).subscribe(({ handle }) => {
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
    readAhead(items(6), 2, slow).subscribe(({ handle }) => held.push(handle));
    expect(started).toEqual(['k0', 'k1']);
    await arrive('k0');
    await arrive('k1');
    expect(started).toHaveLength(2);
    held.shift()?.[Symbol.dispose]();
    expect(started).toEqual(['k0', 'k1', 'k2']);
    await arrive('k2', 'miss');
    held.forEach((handle) => handle[Symbol.dispose]());
  });

  it('ends at the first chunk that is missing, and gives back what was read beyond it', async () => {
    let completed = false;
    const got: number[] = [];
    readAhead(items(4), 4, slow).subscribe({
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
    const subscription = readAhead(items(4), 4, slow).subscribe(({ handle }) => handle[Symbol.dispose]());
    await arrive('k1');
    subscription.unsubscribe();
    expect(arena.usage().references).toBe(0);
    await arrive('k0');
    await arrive('k2');
    await arrive('k3');
  });

  it('reads again what found no room, when a chunk in front of it is disposed', async () => {
    const held: ArenaHandle[] = [];
    readAhead(items(2), 2, slow).subscribe(({ handle }) => held.push(handle));
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

  it('ends where there is no room although nothing in front of it holds any', async () => {
    const done = firstValueFrom(readAhead(items(2), 1, slow).pipe(toArray()));
    await arrive('k0', 'busy');
    expect(await done).toEqual([]);
  });

  it('reads a thousand chunks that are ready at once without growing the stack', async () => {
    let count = 0;
    const last = await new Promise<Loaded<Item> | undefined>((resolve) => {
      let latest: Loaded<Item> | undefined;
      readAhead(items(1000), 8, (key) => chunk(key.toString())).subscribe({
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
});
