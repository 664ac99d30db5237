import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CHUNK_BYTES, LoadsByHand, nextTurn } from '../../../test/support/loads-by-hand.js';
import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AheadReads } from './ahead-reads.js';

const other = ChunkKey.of('other');

describe('what reads of prefixes give up for others', () => {
  let loads: LoadsByHand;
  let ahead: AheadReads;
  let got: string[];
  beforeEach(() => {
    loads = new LoadsByHand();
    ahead = loads.share(1e6);
    got = [];
  });
  afterEach(() => expect(loads.close()).toEqual([0, 0]));

  const receive = ({ handle }: { readonly handle: ArenaHandle }): void => {
    got.push(handle.key.toString());
    handle[Symbol.dispose]();
  };
  const arriveAll = async (...names: string[]): Promise<void> => {
    for (const name of names) await loads.arrive(name);
  };
  /** How many chunks are given up for so many bytes. */
  const reclaim = (bytes: number, key = other): number => {
    const before = loads.arena.usage().references;
    const given = ahead.reclaim(bytes, key);
    const freed = before - loads.arena.usage().references;
    expect(given >= bytes).toBe(freed > 0);
    return freed;
  };

  it('is the furthest, which is loaded again when there is room in its window', async () => {
    const places = ['disk', ...Array<string>(5).fill('redis')];
    loads.read(6, 2, { now: places }).subscribe(receive);
    await arriveAll('k1', 'k2', 'k3', 'k4');
    expect([ahead.freeBytes, loads.started.length]).toEqual([1e6 - 3 * CHUNK_BYTES, 6]);
    expect(reclaim(2 * CHUNK_BYTES)).toBe(2);
    expect(ahead.freeBytes).toBe(1e6 - CHUNK_BYTES);
    await arriveAll('k5');
    expect(loads.started.slice(6)).toEqual([]);
    await arriveAll('k0');
    expect([got, loads.started.slice(6)]).toEqual([['k0', 'k1', 'k2'], ['k3']]);
    await arriveAll('k3', 'k4');
    expect(got).toHaveLength(6);
  });

  it('is each chunk once, so that no reader loads the same for ever', async () => {
    loads.read(3, 3).subscribe(receive);
    await arriveAll('k2');
    expect(reclaim(1)).toBe(1);
    await arriveAll('k1');
    expect(loads.started.slice(3)).toEqual(['k2']);
    await arriveAll('k2');
    expect([reclaim(1), reclaim(1)]).toEqual([1, 0]);
    await arriveAll('k0', 'k1');
    expect(got).toEqual(['k0', 'k1', 'k2']);
  });

  it('is nothing for a chunk that is loaded ahead, and something for one that is waited for', async () => {
    loads.read(3, 3).subscribe(receive);
    const second = loads.read(3, 3, { prefix: 'other' }).subscribe(receive);
    await arriveAll('k1');
    expect([reclaim(1, ChunkKey.of('other1')), reclaim(1, ChunkKey.of('k2'))]).toEqual([0, 0]);
    expect(reclaim(1, ChunkKey.of('other0'))).toBe(1);
    second.unsubscribe();
    await arriveAll('k2', 'k0', 'k1', 'other0', 'other1', 'other2');
    expect(got).toEqual(['k0', 'k1', 'k2']);
  });

  it('is something for a chunk that one of them waits for, though another loads it ahead', async () => {
    const from = (key: ChunkKey): Promise<ReadOutcome> =>
      key.toString() === 'k1' ? new Promise(() => undefined) : loads.slow(key);
    const first = loads.read(3, 3, { from }).subscribe(receive);
    const second = loads.read(2, 2, { from }).subscribe(receive);
    await arriveAll('k2');
    expect(reclaim(1, ChunkKey.of('k1'))).toBe(0);
    await arriveAll('k0');
    expect(reclaim(1, ChunkKey.of('k1'))).toBe(1);
    first.unsubscribe();
    second.unsubscribe();
  });

  it('is nothing to who has left', async () => {
    loads.read(2, 2, { prefix: 'x' }).subscribe(receive).unsubscribe();
    loads.read(2, 2).subscribe(receive);
    await arriveAll('k1');
    expect(reclaim(1, ChunkKey.of('x1'))).toBe(1);
    await arriveAll('k0', 'k1', 'x0', 'x1');
  });

  it('is no room for chunks of the same prefix that found none', async () => {
    loads.read(4, 4).subscribe(receive);
    await arriveAll('k1');
    await loads.arrive('k2', 'busy');
    expect(reclaim(1)).toBe(1);
    await arriveAll('k3');
    expect(loads.started.slice(4)).toEqual(['k1']);
    await arriveAll('k0', 'k1', 'k2');
    expect(got).toHaveLength(4);
  });

  it('is nothing where all of it would not be enough', async () => {
    loads.read(3, 3).subscribe(receive);
    await arriveAll('k1', 'k2');
    expect(reclaim(1e6)).toBe(0);
    await arriveAll('k0');
    expect(loads.started).toHaveLength(3);
  });

  it('is nothing that others use, and of several reads what all of them hold', async () => {
    const shared = loads.chunk('k2');
    // As the memory tier does.
    loads.arena.keep(shared.slot);
    const from = (key: ChunkKey): Promise<ReadOutcome> =>
      key.toString().endsWith('2') && !shared.disposed ? Promise.resolve(shared.retain()) : loads.slow(key);
    for (const prefix of ['a', 'b']) loads.read(3, 3, { from, prefix }).subscribe(receive);
    await nextTurn();
    expect(reclaim(1)).toBe(0);
    shared[Symbol.dispose]();
    expect([reclaim(1), reclaim(1)]).toEqual([2, 0]);
    loads.arena.unkeep(shared.slot);
    await arriveAll('a0', 'b0');
    for (const name of ['a1', 'b1']) await loads.arrive(name, 'miss');
    expect(got).toEqual(['a0', 'b0']);
  });

  it('is nothing that was there at once', async () => {
    const from = (key: ChunkKey): Awaitable<ReadOutcome> =>
      key.toString() === 'k0' ? loads.slow(key) : loads.chunk(key.toString());
    loads.read(3, 3, { from }).subscribe(receive);
    expect(reclaim(1)).toBe(0);
    await arriveAll('k0');
    expect(got).toHaveLength(3);
  });

  it('is nothing of what lies beyond the windows while it is a tier that holds up who has it', async () => {
    const now = ['redis', 'disk', ...Array<string>(4).fill('redis')];
    const held: ArenaHandle[] = [];
    loads.read(6, 2, { now }).subscribe(({ handle }) => held.push(handle));
    await arriveAll('k2', 'k3', 'k4', 'k5', 'k0');
    const left = ahead.freeBytes;
    expect([held.length, left]).toEqual([1, 1e6 - 3 * CHUNK_BYTES]);
    expect([ahead.take(left), ahead.take(CHUNK_BYTES)]).toEqual([true, false]);
    await arriveAll('k1');
    expect(ahead.take(CHUNK_BYTES)).toBe(true);
    ahead.giveBack(left + CHUNK_BYTES);
    for (let i = 0; i < 6; i++) {
      held[i]?.[Symbol.dispose]();
      await arriveAll(...loads.waiting);
    }
    expect(held).toHaveLength(6);
  });

  describe('where a receiver does not dispose', () => {
    let held: ArenaHandle[];
    beforeEach(async () => {
      held = [];
      const now = ['disk', ...Array<string>(5).fill('redis')];
      loads.read(6, 2, { now }).subscribe(({ handle }) => held.push(handle));
      await arriveAll('k1', 'k2', 'k3', 'k4', 'k5');
    });

    /** The receiver goes on. */
    async function finish(): Promise<void> {
      for (let i = 0; i < 6; i++) {
        held[i]?.[Symbol.dispose]();
        await arriveAll(...loads.waiting.filter((name) => name.startsWith('k')));
      }
      expect(held.map(({ disposed }) => disposed)).toEqual(Array(6).fill(true));
    }

    it('is its room beyond the windows for who reads beyond them, and only as much as that needs', async () => {
      const scarce = ahead.freeBytes;
      expect(ahead.take(scarce)).toBe(true);
      expect(ahead.take(CHUNK_BYTES)).toBe(false);
      await arriveAll('k0');
      expect(held).toHaveLength(3);
      expect([ahead.take(CHUNK_BYTES), loads.arena.usage().references]).toEqual([true, 5]);
      expect([ahead.take(2 * CHUNK_BYTES), ahead.take(1)]).toEqual([true, false]);
      ahead.giveBack(scarce + 3 * CHUNK_BYTES);
      await finish();
    });

    it('is more than was ever to be had for nobody', async () => {
      await arriveAll('k0');
      expect([ahead.take(1e6 + 1), loads.arena.usage().references]).toEqual([false, 6]);
      await finish();
    });

    it('is its chunks before those of others that are further', async () => {
      await arriveAll('k0');
      loads.read(9, 9, { prefix: 'x' }).subscribe(receive);
      await arriveAll('x8');
      expect(reclaim(1)).toBe(1);
      await finish();
      for (let i = 0; i < 8; i++) await arriveAll(`x${i}`);
      expect(loads.started.filter((name) => name === 'x8')).toHaveLength(1);
    });
  });
});
