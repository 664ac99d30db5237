import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/clock.js';
import { evictedChannel } from '../../common/tracing/engine-event.channel.js';
import { LruPolicy } from '../../modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AdmissionPolicy } from '../admission-policy.interface.js';
import { type ChunkTraits } from '../eviction-policy.interface.js';
import { type ResidentTraits } from './entry-table.js';
import { ResidentSet, type Departure } from './resident-set.js';

/** An LRU that notes what it is told of new chunks. */
class RecordingPolicy extends LruPolicy {
  readonly traits: ChunkTraits[] = [];

  override onInsert(entry: number, traits?: ChunkTraits): void {
    if (traits !== undefined) this.traits.push({ ...traits, digest: [...traits.digest] });
    super.onInsert(entry);
  }
}

class Fixture {
  readonly clock = new ManualClock();
  readonly policy = new RecordingPolicy();
  readonly keys: (ChunkKey | undefined)[] = [];
  readonly departures: [number, Departure][] = [];
  readonly set: ResidentSet;

  constructor(capacityBytes = 1_000, admission?: AdmissionPolicy) {
    this.set = new ResidentSet({
      admission,
      tier: 'tier',
      capacityBytes,
      policy: this.policy,
      clock: this.clock,
      matches: (entry, key) => this.keys[entry]?.equals(key) ?? false,
      keyOf: (entry) => this.keys[entry]!,
      onDeparture: (entry, departure) => {
        this.departures.push([entry, departure]);
        this.keys[entry] = undefined;
      },
    });
  }

  insert(entry: number, key: ChunkKey, traits: Partial<ResidentTraits> = {}): void {
    this.keys[entry] = key;
    this.set.insert(entry, key, { bytes: 100, ...traits });
  }
}

/** A key with the digest of another. */
function twinOf(key: ChunkKey, text: string): ChunkKey {
  const { d0, d1, d2, d3 } = key;
  return Object.defineProperties(ChunkKey.of(text), {
    d0: { value: d0 },
    d1: { value: d1 },
    d2: { value: d2 },
    d3: { value: d3 },
  });
}

const A = ChunkKey.of('a');
const B = ChunkKey.of('b');
const C = ChunkKey.of('c');

describe('ResidentSet', () => {
  it('accounts for bytes, chunks and namespaces', () => {
    const fixture = new Fixture();
    const { set } = fixture;
    fixture.insert(0, A, { bytes: 300 });
    fixture.insert(1, ChunkKey.of('a', 4), { bytes: 50 });
    expect([set.usedBytes, set.size, set.count(0), set.count(4), set.count(5)]).toEqual([350, 2, 1, 1, 0]);
    set.remove(1);
    expect([set.usedBytes, set.size, set.count(4)]).toEqual([300, 1, 0]);
    expect(set.remove(1)).toBe(false);
  });

  it('tells the owner of every departure once', () => {
    const fixture = new Fixture();
    fixture.insert(0, A);
    fixture.insert(1, A);
    fixture.insert(2, B, { expiresAtMs: fixture.clock.nowMs() + 5 });
    fixture.insert(3, ChunkKey.of('c'));
    fixture.clock.advance(5);
    expect(fixture.set.find(B)).toBe(-1);
    fixture.set.evict();
    fixture.set.remove(3);
    expect(fixture.departures).toEqual([
      [0, 'replaced'],
      [2, 'expired'],
      [1, 'evicted'],
      [3, 'removed'],
    ]);
    expect(fixture.set.size).toBe(0);
  });

  it('replaces a chunk of another key with the same digest, and never mixes them up', () => {
    const fixture = new Fixture();
    const twin = twinOf(A, 'not a');
    fixture.insert(0, A);
    expect(fixture.set.find(twin)).toBe(-1);
    fixture.set.pin(0, 1_000);
    fixture.insert(1, twin);
    expect(fixture.set.find(A)).toBe(-1);
    expect(fixture.set.find(twin)).toBe(1);
    expect(fixture.set.isHeld(1)).toBe(false);
    expect(fixture.departures).toEqual([[0, 'replaced']]);
  });

  it('hands leases and pins on to the chunk that replaces another', () => {
    const fixture = new Fixture();
    fixture.insert(0, A);
    fixture.set.pin(0, 1_000);
    fixture.insert(1, A, { bytes: 70 });
    expect(fixture.set.isHeld(1)).toBe(true);
    expect(fixture.set.pinnedBytes).toBe(70);
  });

  it('tells the policy what a chunk is', () => {
    const fixture = new Fixture();
    const key = ChunkKey.of(`llama@00000001@0@${'ab'.repeat(32)}@bob`);
    fixture.insert(0, key, { depth: 7 });
    expect(fixture.policy.traits).toEqual([
      {
        digest: [key.d0, key.d1, key.d2, key.d3],
        bytes: 100,
        tier: 'tier',
        model: 'llama',
        tenant: 'bob',
        depth: 7,
        parent: -1,
      },
    ]);
  });

  it('tells the policy where the chunk in front is, if it is there', () => {
    const fixture = new Fixture();
    fixture.insert(4, A);
    fixture.insert(5, B, { parent: A });
    fixture.set.remove(4);
    fixture.insert(6, ChunkKey.of('c'), { parent: A });
    expect(fixture.policy.traits.map(({ parent }) => parent)).toEqual([-1, 4, -1]);
  });

  it('makes room by eviction, skips what is held or refused, and gives up when nothing is left', () => {
    const fixture = new Fixture();
    for (let entry = 0; entry < 10; entry++) fixture.insert(entry, ChunkKey.of(`chunk-${entry}`));
    fixture.set.pin(0, 1_000);
    expect(fixture.set.makeRoom(200, (entry) => entry !== 1)).toBe(true);
    expect(fixture.departures.map(([entry]) => entry)).toEqual([2, 3]);
    expect(fixture.set.evictions).toBe(2);
    expect(fixture.set.makeRoom(300, () => false)).toBe(false);
    expect(fixture.set.usedBytes).toBe(800);
  });

  it('tells of evictions, when the entry has left, and of no other departure', () => {
    const fixture = new Fixture();
    const told: unknown[] = [];
    const stop = evictedChannel.subscribe((event) =>
      told.push({ ...event, left: fixture.departures.length }),
    );
    fixture.insert(0, A);
    fixture.insert(1, A);
    fixture.insert(2, B, { bytes: 300 });
    fixture.set.remove(1);
    fixture.set.evict();
    stop();
    fixture.insert(3, B);
    fixture.set.evict();
    expect(told).toEqual([{ type: 'evicted', key: B, tier: 'tier', freedBytes: 300, left: 3 }]);
  });

  it('evicts nothing for what cannot fit beside that which is held', () => {
    const fixture = new Fixture();
    for (let entry = 0; entry < 10; entry++) fixture.insert(entry, ChunkKey.of(`chunk-${entry}`));
    for (let entry = 0; entry < 5; entry++) fixture.set.pin(entry, 1_000);
    expect(fixture.set.makeRoom(501)).toBe(false);
    expect(fixture.departures).toEqual([]);
    expect(fixture.set.makeRoom(500)).toBe(true);
  });

  it('gives up expired chunks even when they are held', () => {
    const fixture = new Fixture();
    fixture.insert(0, A, { expiresAtMs: fixture.clock.nowMs() + 5 });
    fixture.set.pin(0, 1_000);
    expect(fixture.set.victim()).toBe(-1);
    fixture.clock.advance(5);
    expect(fixture.set.victim()).toBe(0);
  });

  it('leases at most half of its capacity', () => {
    const fixture = new Fixture();
    for (let entry = 0; entry < 10; entry++) fixture.insert(entry, ChunkKey.of(`chunk-${entry}`));
    const leased = fixture.keys.filter((_, entry) => fixture.set.lease(entry, 1_000));
    expect(leased).toHaveLength(5);
    expect(fixture.set.leasedBytes).toBe(500);
  });

  it('holds nothing for an entry that has left', () => {
    const fixture = new Fixture();
    fixture.insert(0, A);
    fixture.set.lease(0, 1_000);
    fixture.set.pin(0, 1_000);
    fixture.set.remove(0);
    expect([fixture.set.leasedBytes, fixture.set.pinnedBytes]).toEqual([0, 0]);
    fixture.insert(0, B);
    expect(fixture.set.isHeld(0)).toBe(false);
  });

  it('visits no expired chunk', () => {
    const fixture = new Fixture();
    fixture.insert(0, A, { expiresAtMs: fixture.clock.nowMs() + 5 });
    fixture.insert(1, B);
    fixture.clock.advance(5);
    const visited: number[] = [];
    expect(fixture.set.scan(0, 10, (entry) => visited.push(entry))).toBe(0);
    expect(visited).toEqual([1]);
    expect(fixture.departures).toEqual([[0, 'expired']]);
  });

  it('clears by steps', () => {
    const fixture = new Fixture();
    for (let entry = 0; entry < 50; entry++) fixture.insert(entry, ChunkKey.of(`chunk-${entry}`));
    const first = fixture.set.clear({}, 0, 20);
    expect(first.removed).toBe(20);
    expect(first.cursor).not.toBe(0);
    expect(fixture.set.clear({}, first.cursor, 100)).toEqual({ removed: 30, cursor: 0 });
  });

  it('clears the models that had no number left by asking their keys', () => {
    const fixture = new Fixture(Infinity);
    const models = 65_600;
    for (let i = 0; i < models; i++) fixture.insert(i, ChunkKey.of(`model-${i}@1@0@ab@half`));
    const clear = (model: string): number => {
      let removed = 0;
      let cursor = 0;
      do {
        const step = fixture.set.clear({ model }, cursor, models);
        removed += step.removed;
        cursor = step.cursor;
      } while (cursor !== 0);
      return removed;
    };
    expect(clear('model-65599')).toBe(1);
    expect(clear('model-7')).toBe(1);
    expect(fixture.set.size).toBe(models - 2);
  });

  it('asks who may come in when others have to go for it, or have gone already', () => {
    const asked: [number, number][] = [];
    const told: string[] = [];
    const { set, insert } = admitting({
      name: 'noting',
      onInsert: (entry) => told.push(`insert ${entry}`),
      onAccess: (entry) => told.push(`access ${entry}`),
      onRemove: (entry) => told.push(`remove ${entry}`),
      admits: ({ bytes }, victim) => {
        asked.push([bytes, victim]);
        return bytes < 150;
      },
    });
    expect(set.admits(C, { bytes: 100 })).toBe(true);
    insert(0, A);
    insert(1, B);
    set.touch(0);
    expect(asked).toEqual([]);
    expect([set.admits(C, { bytes: 100 }), set.admits(C, { bytes: 200 })]).toEqual([true, false]);
    expect(set.evict()).toBe(100);
    expect(set.admits(C, { bytes: 100 })).toBe(true);
    expect(asked).toEqual([
      [100, 1],
      [200, 1],
      [100, -1],
    ]);
    insert(2, C);
    set.remove(2);
    expect(set.admits(C, { bytes: 100 })).toBe(true);
    expect(asked).toHaveLength(3);
    expect(told).toEqual(['insert 0', 'insert 1', 'access 0', 'remove 1', 'insert 2', 'remove 2']);
  });
});

/** A set with room for two chunks. */
function admitting(admission: AdmissionPolicy): {
  set: ResidentSet;
  insert: (entry: number, key: ChunkKey) => void;
} {
  const fixture = new Fixture(200, admission);
  return { set: fixture.set, insert: (entry, key) => fixture.insert(entry, key) };
}
