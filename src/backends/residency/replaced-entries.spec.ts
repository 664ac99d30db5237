import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/clock.js';
import { SeededRandom } from '../../../test/support/seeded-random.js';
import { EVICTION_POLICIES_CATALOG } from '../../modules/tiers/eviction/eviction-policies.catalog.js';
import { ADMISSION_POLICIES_CATALOG } from '../../modules/tiers/admission/admission-policies.catalog.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type ResidentTraits } from './entry-table.js';
import { ResidentSet } from './resident-set.js';

const CAPACITY_BYTES = 4_000;
const NAMES = 60;
const STEPS = 1_500;

/** A set of resident chunks whose entries are handed out as a tier does: what has left is used again. */
class World {
  readonly random: SeededRandom;
  readonly keys: (ChunkKey | undefined)[] = [];
  readonly free: number[] = [];
  /** What is there by its key, as plainly as possible. */
  readonly there = new Map<string, { entry: number; bytes: number }>();
  readonly set: ResidentSet;

  constructor(policy: (typeof EVICTION_POLICIES_CATALOG)[number], admission: string, seed: number) {
    this.random = new SeededRandom(seed);
    this.set = new ResidentSet({
      tier: 'tier',
      capacityBytes: CAPACITY_BYTES,
      policy: policy.create(8),
      admission: ADMISSION_POLICIES_CATALOG.find(({ name }) => name === admission)?.create(),
      clock: new ManualClock(),
      matches: (entry, key) => this.keys[entry]?.equals(key) ?? false,
      keyOf: (entry) => this.keys[entry]!,
      onDeparture: (entry) => {
        const { id } = this.keys[entry]!;
        this.keys[entry] = undefined;
        this.free.push(entry);
        if (this.there.get(id)?.entry === entry) this.there.delete(id);
      },
    });
  }

  take(key: ChunkKey): number {
    const entry =
      this.free.length > 0 ? this.free.splice(this.random.below(this.free.length), 1)[0]! : this.keys.length;
    this.keys[entry] = key;
    return entry;
  }

  put(key: ChunkKey): void {
    const bytes = 1 + this.random.below(400);
    const depth = this.random.below(8) - 1;
    const parent = this.random.chance(0.5) ? this.key() : undefined;
    const traits: ResidentTraits = { bytes, depth, ...(parent && { parent }) };
    const old = this.set.find(key);
    if (old === -1 && !this.set.admits(key, traits)) return;
    if (!this.set.makeRoom(bytes, (entry) => entry !== old)) return;
    const entry = this.take(key);
    this.there.set(key.id, { entry, bytes });
    this.set.insert(entry, key, traits);
  }

  replace(key: ChunkKey): void {
    const old = this.set.find(key);
    const bytes = 1 + this.random.below(400);
    if (old === -1 || !this.set.makeRoom(bytes - this.set.bytesOf(old), (entry) => entry !== old)) return;
    const entry = this.take(key);
    this.there.set(key.id, { entry, bytes });
    this.set.replace(old, entry, key, { bytes });
  }

  key(): ChunkKey {
    return ChunkKey.of(`chunk${this.random.below(NAMES)}`);
  }

  step(): void {
    const { set, random } = this;
    const key = this.key();
    const entry = set.find(key);
    const roll = random.below(10);
    if (roll < 3) this.put(key);
    else if (roll < 6) this.replace(key);
    else if (entry === -1) return;
    else if (roll < 8) set.touch(entry);
    else if (roll < 9) set.remove(entry);
    else if (random.chance(0.7)) set.unpin(entry);
    else set.pin(entry, 1e6);
  }

  check(): void {
    const { set, there } = this;
    expect(set.size).toBe(there.size);
    const values = [...there.values()];
    expect(set.usedBytes).toBe(values.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(set.usedBytes).toBeLessThanOrEqual(CAPACITY_BYTES);
    for (const { entry } of values) expect(set.find(this.keys[entry]!)).toBe(entry);
    const victim = set.victim();
    const canGo = values.filter(({ entry }) => !set.isHeld(entry));
    expect(victim === -1 ? canGo.length === 0 : canGo.some(({ entry }) => entry === victim)).toBe(true);
  }
}

const ADMISSIONS = ADMISSION_POLICIES_CATALOG.map(({ name }) => name);

describe.each(EVICTION_POLICIES_CATALOG.map((policy) => [policy.name, policy] as const))(
  'chunks that go on under other entries, with %s',
  (_, policy) => {
    it.each(ADMISSIONS)('are the ones that can be given up, each once, admitted by %s', (admission) => {
      const world = new World(policy, admission, 11);
      for (let step = 0; step < STEPS; step++) {
        world.step();
        if (step % 5 === 0) world.check();
      }
      for (const { entry } of [...world.there.values()]) {
        while (world.set.unpin(entry));
      }
      while (world.set.evict() !== -1);
      expect([world.set.size, world.set.usedBytes]).toEqual([0, 0]);
    });
  },
);
