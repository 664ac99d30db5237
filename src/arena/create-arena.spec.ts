import { describe, expect, it } from '@jest/globals';
import { describeArenaContract } from '../../test/contracts/arena.contract.js';
import { createArena } from './create-arena.js';
import { loadNative } from './native/load-native.js';

const MIB = 1024 * 1024;

if (loadNative().addon !== undefined)
  describeArenaContract('native', (capacityBytes) => createArena({ capacityBytes }));
describeArenaContract('fallback', (capacityBytes) => createArena({ capacityBytes, native: false }));

describe('createArena', () => {
  it.each([0, 1024, -5, Number.NaN, Infinity])('refuses a capacity of %p', (capacityBytes) => {
    expect(() => createArena({ capacityBytes })).toThrow(
      expect.objectContaining({ code: 'KV_ARENA_CAPACITY' }),
    );
  });

  it('works from 1 MiB on and rounds down to pages', () => {
    const arena = createArena({ capacityBytes: MIB + 5000, native: false });
    expect(arena.capacityBytes).toBe(MIB + 4096);
    expect(arena.slotCount).toBe(1024);
    expect(arena.usage().dataBytes).toBeGreaterThan(800 * 1024);
    arena.close();
  });

  it('says once that the addon is not used', () => {
    const warnings: string[] = [];
    createArena({
      capacityBytes: MIB,
      native: false,
      logger: { warn: (line) => warnings.push(line) },
    }).close();
    expect(warnings).toHaveLength(1);
  });
});
