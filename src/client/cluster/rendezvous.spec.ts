import { describe, expect, it } from '@jest/globals';
import { hashBytes, Rendezvous } from './rendezvous.js';

const KEYS = Array.from({ length: 30_000 }, (_, i) => hashBytes(Buffer.from(`model@00010001@0@${i * 7919}`)));

function places(...names: readonly string[]): readonly string[] {
  const rendezvous = new Rendezvous(names.map((name) => ({ name })));
  return KEYS.map((hash) => names[rendezvous.place(hash)]!);
}

describe('placing by rendezvous', () => {
  it('spreads keys evenly, also over servers whose names are alike', () => {
    const names = ['10.0.0.1:7070', '10.0.0.2:7070', '10.0.0.3:7070', '10.0.0.4:7070'];
    const placed = places(...names);
    for (const name of names) {
      const share = placed.filter((place) => place === name).length / KEYS.length;
      expect(share).toBeGreaterThan(0.23);
      expect(share).toBeLessThan(0.27);
    }
  });

  it('does not depend on the order of the list', () => {
    expect(places('a:1', 'b:2', 'c:3')).toEqual(places('c:3', 'a:1', 'b:2'));
  });

  it('moves keys to a server that is added, and none between the others', () => {
    const before = places('a:1', 'b:2', 'c:3');
    const after = places('a:1', 'b:2', 'c:3', 'd:4');
    const moved = after.filter((place, i) => place !== before[i]);
    expect(new Set(moved)).toEqual(new Set(['d:4']));
    expect(moved.length / KEYS.length).toBeGreaterThan(0.22);
  });

  it('is the same in every release: keys are found again', () => {
    expect(hashBytes(Buffer.from('foobar'))).toBe(0xbf9cf968);
    const rendezvous = new Rendezvous([{ name: 'a:7070' }, { name: 'b:7070' }, { name: 'c:7070' }]);
    const keys = ['one', 'two', 'three', 'four', 'five', 'six'];
    expect(keys.map((key) => rendezvous.place(hashBytes(Buffer.from(key))))).toEqual([1, 0, 2, 0, 0, 0]);
  });
});
