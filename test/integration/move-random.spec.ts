import { describe, it } from '@jest/globals';
import { BusyKeys } from '../support/busy-keys.js';
import { createTestEngine } from '../support/engine.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';

const SEEDS = process.env['KVNEST_SOAK'] === undefined ? 400 : 3000;
const STEPS = 60;
const BYTES = 1000;
const TIERS = ['memory', 'near', 'far'];
const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

/** Writes, reads and removals by one caller, while moves and prefetches go on that nobody waits for. */
class World {
  private constructor(
    readonly random: SeededRandom,
    readonly busy: BusyKeys,
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
    return new World(new SeededRandom(seed), new BusyKeys(test, BYTES), slow);
  }

  async step(): Promise<void> {
    const { keys, test } = this.busy;
    const key = this.random.pick(keys);
    const roll = this.random.below(9);
    if (roll < 2) await this.busy.write(key);
    else if (roll < 5) {
      this.release();
      await (roll < 3 ? this.busy.remove(key) : this.busy.check(key));
    } else if (roll < 7) this.#move();
    else if (roll < 8) this.busy.begin(test.engine.prefetch(keys));
    else this.random.pick(this.slow).hold();
    for (let turns = this.random.below(3); turns > 0; turns--) await nextTurn();
    if (this.random.below(3) === 0) this.release();
  }

  release(): void {
    for (const tier of this.slow) tier.release();
  }

  #move(): void {
    const { keys, test } = this.busy;
    const to = this.random.pick(TIERS);
    const from = this.random.pick([undefined, ...TIERS.filter((name) => name !== to)]);
    const copy = this.random.below(3) === 0;
    this.busy.begin(test.engine.move(keys, { to, copy, ...(from !== undefined && { from }) }));
  }
}

describe('moves and prefetches beside writes', () => {
  it('lose nothing, bring nothing back, and leave nothing behind', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = await World.create(seed);
      const { busy } = world;
      try {
        for (let step = 0; step < STEPS; step++) await world.step();
        world.release();
        await busy.expectSettled();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      } finally {
        world.release();
        await busy.close();
      }
    }
  }, 600_000);
});
