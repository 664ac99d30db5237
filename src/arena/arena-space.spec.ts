import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { ArenaSpaceService } from './arena-space.js';
import { type Arena, type ArenaHandle } from './arena.interface.js';
import { createArena } from './create-arena.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const key = ChunkKey.of('key');

describe('ArenaSpaceService', () => {
  let arena: Arena;
  let space: ArenaSpaceService;
  let held: ArenaHandle[];

  /** Gives up what is held, oldest first. */
  const evict = (bytes: number): number => {
    let given = 0;
    while (given < bytes && held.length > 0) {
      const handle = held.shift()!;
      given += arena.footprintBytes(handle.slot);
      handle[Symbol.dispose]();
    }
    return given;
  };
  const fillWith = (lengthBytes: number): void => {
    for (let handle; (handle = arena.allocate({ key, lengthBytes })) !== undefined;) held.push(handle);
  };

  beforeEach(() => {
    arena = createArena({ capacityBytes: 8 * MIB, native: false });
    space = new ArenaSpaceService(arena);
    held = [];
  });
  afterEach(() => arena.close());

  it('asks nobody while there is room', () => {
    const reclaimer = jest.fn(() => 0);
    space.addReclaimer(reclaimer);
    expect(space.reserve({ key, lengthBytes: MIB })).toMatchObject({ state: 'reserved' });
    expect(reclaimer).not.toHaveBeenCalled();
  });

  it('evicts what is missing and no more', () => {
    fillWith(MIB);
    const before = held.length;
    space.addReclaimer(evict);
    expect(space.reserve({ key, lengthBytes: 2 * MIB })).toMatchObject({ lengthBytes: 2 * MIB });
    expect(before - held.length).toBe(2);
  });

  it('asks the next reclaimer for what the first could not give', () => {
    fillWith(MIB);
    const asked: number[] = [];
    const first = space.addReclaimer((bytes) => {
      asked.push(bytes);
      return 0;
    });
    space.addReclaimer(evict);
    const last = jest.fn(() => 0);
    space.addReclaimer(last);
    expect(space.reserve({ key, lengthBytes: MIB })).not.toBe('busy');
    expect(last).not.toHaveBeenCalled();
    expect(asked).toHaveLength(1);
    first();
    first();
    expect(space.reserve({ key, lengthBytes: MIB })).not.toBe('busy');
    expect(asked).toHaveLength(1);
  });

  it('is busy when nobody gives anything, and too-large when it could never fit', () => {
    fillWith(MIB);
    expect(space.reserve({ key, lengthBytes: 2 * MIB })).toBe('busy');
    expect(space.reserve({ key, lengthBytes: 8 * MIB })).toBe('too-large');
  });

  it('evicts on when records are short', () => {
    fillWith(0);
    expect(arena.usage().freeSlots).toBe(0);
    space.addReclaimer(evict);
    expect(space.reserve({ key, lengthBytes: 0 })).toMatchObject({ state: 'reserved' });
    expect(held).toHaveLength(arena.slotCount - 1);
  });

  it('evicts on when evicted values share pages with others', () => {
    fillWith(20 * KIB);
    const others = held.filter((_, i) => i % 3 === 0);
    held = [...held.filter((_, i) => i % 3 !== 0), ...others];
    space.addReclaimer(evict);
    expect(space.reserve({ key, lengthBytes: MIB })).toMatchObject({ lengthBytes: MIB });
  });

  it('evicts a little more rather than scatter a chunk over many extents', () => {
    fillWith(64 * KIB);
    for (const [i, handle] of held.entries()) if (i % 8 === 0) handle[Symbol.dispose]();
    held = held.filter((handle) => !handle.disposed);
    const before = held.length;
    space.addReclaimer(evict);
    const handle = space.reserve({ key, lengthBytes: 12 * 64 * KIB }) as ArenaHandle;
    expect(handle.extents.length).toBeLessThanOrEqual(4);
    expect(before - held.length).toBeLessThanOrEqual(13);
  });

  it('scatters it when nothing more can be evicted', () => {
    fillWith(64 * KIB);
    for (const [i, handle] of held.entries()) if (i % 8 === 0) handle[Symbol.dispose]();
    expect(
      (space.reserve({ key, lengthBytes: 12 * 64 * KIB }) as ArenaHandle).extents.length,
    ).toBeGreaterThan(4);
  });

  it('evicts on for one extent, but not without end', () => {
    fillWith(64 * KIB);
    const pinned = held.splice(0).filter((handle, i) => {
      if (i % 2 === 0) held.push(handle);
      return i % 2 === 1;
    });
    const before = held.length;
    space.addReclaimer(evict);
    expect(space.reserve({ key, lengthBytes: 128 * KIB, contiguous: true })).toBe('busy');
    expect((before - held.length) * 64 * KIB).toBeLessThan(1.5 * MIB);
    held = pinned;
    expect(space.reserve({ key, lengthBytes: 128 * KIB, contiguous: true })).toMatchObject({
      state: 'reserved',
    });
  });

  it('does not trust reclaimers that claim to give and do not', () => {
    fillWith(MIB);
    const liar = jest.fn((bytes: number) => bytes);
    space.addReclaimer(liar);
    expect(space.reserve({ key, lengthBytes: 4 * MIB })).toBe('busy');
    expect(liar.mock.calls.length).toBeLessThan(100);
  });

  it('asks a last resort when nobody else gives any more, and then those whose bytes it let go', () => {
    fillWith(MIB);
    const [used, ...rest] = held.splice(0);
    const asked: string[] = [];
    const giveUp = space.addReclaimer(
      (bytes, forKey) => {
        asked.push(forKey.toString());
        held.push(used!);
        return bytes;
      },
      { lastResort: true },
    );
    held.push(rest.pop()!);
    space.addReclaimer(evict);
    const wanted = ChunkKey.of('wanted');
    expect(space.reserve({ key: wanted, lengthBytes: MIB })).not.toBe('busy');
    expect(asked).toEqual([]);
    expect(space.reserve({ key: wanted, lengthBytes: MIB })).not.toBe('busy');
    expect(asked).toEqual(['wanted']);
    giveUp();
    expect(space.reserve({ key: wanted, lengthBytes: MIB })).toBe('busy');
    expect(asked).toHaveLength(1);
  });

  it('asks no last resort to keep a chunk together', () => {
    fillWith(64 * KIB);
    for (const [i, handle] of held.entries()) if (i % 8 === 0) handle[Symbol.dispose]();
    const last = jest.fn(() => 0);
    space.addReclaimer(last, { lastResort: true });
    expect(space.reserve({ key, lengthBytes: 12 * 64 * KIB })).toMatchObject({ state: 'reserved' });
    expect(last).not.toHaveBeenCalled();
  });

  it('asks a last resort whose giving frees nothing once', () => {
    fillWith(MIB);
    const last = jest.fn((bytes: number) => bytes);
    space.addReclaimer(last, { lastResort: true });
    expect(space.reserve({ key, lengthBytes: MIB })).toBe('busy');
    expect(last).toHaveBeenCalledTimes(1);
  });
});
