import { describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';

const SEEDS = process.env['KVNEST_SOAK'] === undefined ? 400 : 3000;
const STEPS = 60;
const BYTES = 1000;
const TIERS = ['memory', 'near', 'far'];
const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

/** Writes, reads and removals by one caller, while moves and prefetches go on that nobody waits for. */
class World {
  readonly keys = ['a', 'b', 'c'].map((name) => ChunkKey.of(name));
  readonly background: Promise<unknown>[] = [];
  /** What each key has; undefined: nothing. */
  readonly #written = new Map<string, number | undefined>();
  #version = 0;

  private constructor(
    readonly random: SeededRandom,
    readonly test: TestEngine,
    readonly slow: readonly ScriptedBackend[],
  ) {}

  static async create(seed: number): Promise<World> {
    const slow: ScriptedBackend[] = [];
    const test = await createTestEngine({
      arenaBytes: 8 * 1024 * 1024,
      tiers: (parts) => {
        slow.push(new ScriptedBackend('near', parts, { shared: false }), new ScriptedBackend('far', parts));
        return slow;
      },
    });
    return new World(new SeededRandom(seed), test, slow);
  }

  async step(): Promise<void> {
    const key = this.#oneOf(this.keys);
    const roll = this.random.below(9);
    if (roll < 2) await this.#write(key);
    else if (roll < 3) await this.#remove(key);
    else if (roll < 5) await this.check(key);
    else if (roll < 7) this.#move();
    else if (roll < 8) this.background.push(lastValueFrom(this.test.engine.prefetch(this.keys)));
    else this.#oneOf(this.slow).hold();
    for (let turns = this.random.below(3); turns > 0; turns--) await nextTurn();
    if (this.random.below(3) === 0) this.release();
  }

  release(): void {
    for (const tier of this.slow) tier.release();
  }

  async check(key: ChunkKey): Promise<void> {
    this.release();
    const version = this.#written.get(key.id);
    expect((await get(this.test, key))?.[0]).toBe(version);
  }

  async #write(key: ChunkKey): Promise<void> {
    const version = ++this.#version;
    expect(await put(this.test, key, Buffer.alloc(BYTES, version))).toBe('stored');
    this.#written.set(key.id, version);
  }

  async #remove(key: ChunkKey): Promise<void> {
    this.release();
    await this.test.engine.delete([key]);
    this.#written.set(key.id, undefined);
  }

  #move(): void {
    const to = this.#oneOf(TIERS);
    const from = this.#oneOf([undefined, ...TIERS.filter((name) => name !== to)]);
    const copy = this.random.below(3) === 0;
    const moved$ = this.test.engine.move(this.keys, { to, copy, ...(from !== undefined && { from }) });
    this.background.push(lastValueFrom(moved$));
  }

  #oneOf<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)] as T;
  }
}

describe('moves and prefetches beside writes', () => {
  it('lose nothing, bring nothing back, and leave nothing behind', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = await World.create(seed);
      try {
        for (let step = 0; step < STEPS; step++) await world.step();
        world.release();
        await Promise.all(world.background);
        await world.test.engine.settled();
        for (const key of world.keys) await world.check(key);
        await expectEventually(() => world.test.arena.usage().references === 0);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      } finally {
        world.release();
        await Promise.all(world.background);
        await world.test.close();
      }
    }
  }, 600_000);
});
