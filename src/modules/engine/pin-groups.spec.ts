import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/clock.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { PinGroups } from './pin-groups.js';

describe('PinGroups', () => {
  const [a, b] = ['a', 'b'].map((name) => ChunkKey.of(name)) as [ChunkKey, ChunkKey];
  let clock: ManualClock;
  let groups: PinGroups;

  beforeEach(() => {
    clock = new ManualClock();
    groups = new PinGroups(clock);
  });

  it('has each key once for each pin', () => {
    groups.add('g', [a, b], 1000);
    groups.add('g', [b], 1000);
    groups.add('h', [], 1000);
    expect([...groups.sizes()]).toEqual([['g', 3]]);
    expect(groups.take('g')).toEqual([a, b, b]);
    expect([groups.take('g'), groups.take('h'), groups.sizes().size]).toEqual([[], [], 0]);
  });

  it('forgets pins of a key when the last of them has ended', () => {
    groups.add('g', [a], 1000);
    groups.add('g', [b], 5000);
    groups.add('g', [a], 2000);
    clock.advance(1500);
    expect(groups.sizes().get('g')).toBe(3);
    clock.advance(1000);
    expect(groups.sizes().get('g')).toBe(1);
    groups.add('g', [a], 1000);
    expect(groups.take('g')).toEqual([b, a]);
  });

  it('takes no pin for one that goes on which has ended, though nobody has looked', () => {
    groups.add('g', [a, a], 1000);
    clock.advance(1000);
    groups.add('g', [a], 1000);
    expect(groups.take('g')).toEqual([a]);
  });
});
