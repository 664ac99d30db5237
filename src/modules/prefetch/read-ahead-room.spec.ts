import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, toArray } from 'rxjs';
import { expectEventually } from '../../../test/support/eventually.js';
import { LoadsByHand, nextTurn } from '../../../test/support/loads-by-hand.js';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';

describe('the room of readAhead', () => {
  let loads: LoadsByHand;
  beforeEach(() => {
    loads = new LoadsByHand();
  });
  afterEach(() => expect(loads.close()).toEqual([0, 0]));

  it('reads again what found no room, when a chunk in front of it is disposed', async () => {
    const held: ArenaHandle[] = [];
    loads.read(2, 2).subscribe(({ handle }) => held.push(handle));
    await loads.arrive('k1', 'busy');
    await loads.arrive('k0');
    expect(loads.started).toEqual(['k0', 'k1']);
    held.shift()?.[Symbol.dispose]();
    await nextTurn();
    expect(loads.started).toEqual(['k0', 'k1', 'k1']);
    await loads.arrive('k1');
    expect(held).toHaveLength(1);
    held[0]?.[Symbol.dispose]();
  });

  it('takes the room of what is further back for the next chunk, and reads that again later', async () => {
    const got: number[] = [];
    loads.read(3, 3).subscribe(({ item, handle }) => {
      got.push(item.index);
      handle[Symbol.dispose]();
    });
    await loads.arrive('k1');
    await loads.arrive('k2');
    await loads.arrive('k0', 'busy');
    expect(loads.arena.usage().references).toBe(1);
    expect(loads.started).toEqual(['k0', 'k1', 'k2', 'k0']);
    await loads.arrive('k0');
    expect([got, loads.started.slice(4)]).toEqual([[0, 1], ['k2']]);
    await loads.arrive('k2');
    expect(got).toEqual([0, 1, 2]);
  });

  it('reads again what found no room before a chunk in front of it was disposed', async () => {
    const got: string[] = [];
    const held: ArenaHandle[] = [];
    let completed = false;
    loads.read(2, 2).subscribe({
      next: ({ handle }) => {
        got.push(handle.key.toString());
        held.push(handle);
      },
      complete: () => (completed = true),
    });
    await loads.arrive('k0');
    held.shift()?.[Symbol.dispose]();
    await loads.arrive('k1', 'busy');
    expect([completed, loads.started]).toEqual([false, ['k0', 'k1', 'k1']]);
    await loads.arrive('k1');
    expect([completed, got]).toEqual([true, ['k0', 'k1']]);
    held.shift()?.[Symbol.dispose]();
  });

  it('reads again what found no room while a chunk in front of it was disposed', async () => {
    const held: ArenaHandle[] = [];
    let completed = false;
    loads
      .read(3, 3)
      .subscribe({ next: ({ handle }) => held.push(handle), complete: () => (completed = true) });
    await loads.arrive('k2', 'busy');
    await loads.arrive('k0');
    await loads.arrive('k1');
    held.shift()?.[Symbol.dispose]();
    expect(loads.started.slice(3)).toEqual(['k2']);
    held.shift()?.[Symbol.dispose]();
    await loads.arrive('k2', 'busy');
    expect([completed, loads.started.slice(3)]).toEqual([false, ['k2', 'k2']]);
    await loads.arrive('k2');
    expect(completed).toBe(true);
    held.shift()?.[Symbol.dispose]();
  });

  it('ends where there is no room although nothing of it holds any', async () => {
    const done = firstValueFrom(loads.read(2, 1).pipe(toArray()));
    await loads.arrive('k0', 'busy');
    expect(await done).toEqual([]);
  });

  it('waits for what is still loading behind it, and takes the room of that', async () => {
    const done = firstValueFrom(loads.read(2, 2).pipe(toArray()));
    await loads.arrive('k0', 'busy');
    await loads.arrive('k1');
    expect(loads.started).toEqual(['k0', 'k1', 'k0']);
    await loads.arrive('k0', 'miss');
    expect(await done).toEqual([]);
  });

  it('takes the room of what arrives behind the end', async () => {
    const got: string[] = [];
    loads.read(4, 4).subscribe(({ handle }) => {
      got.push(handle.key.toString());
      handle[Symbol.dispose]();
    });
    await loads.arrive('k2', 'miss');
    await loads.arrive('k1', 'busy');
    await loads.arrive('k0');
    await loads.arrive('k1', 'busy');
    await loads.arrive('k3');
    expect(loads.started.slice(4)).toEqual(['k1', 'k1']);
    await loads.arrive('k1');
    expect(got).toEqual(['k0', 'k1']);
  });

  it('waits for the room of others while it holds none, as long as it has patience', async () => {
    const done = firstValueFrom(loads.read(2, 1, { patienceMs: 60_000 }).pipe(toArray()));
    await loads.arrive('k0', 'busy');
    await expectEventually(() => loads.started.length === 2);
    await loads.arrive('k0', 'busy');
    await expectEventually(() => loads.started.length === 3);
    await loads.arrive('k0', 'miss');
    expect([await done, loads.started]).toEqual([[], ['k0', 'k0', 'k0']]);
  });

  it('ends when its patience ends', async () => {
    const busy = (): Promise<ReadOutcome> => Promise.resolve('busy');
    const all$ = loads.read(2, 1, { from: busy, patienceMs: 30 }).pipe(toArray());
    expect(await firstValueFrom(all$)).toEqual([]);
  });

  it('waits for no room when it is cancelled', async () => {
    const subscription = loads.read(2, 1, { patienceMs: 60_000 }).subscribe();
    await loads.arrive('k0', 'busy');
    subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(loads.started).toEqual(['k0']);
  });
});
