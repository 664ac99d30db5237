import { describe, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { BusyKeys } from '../support/busy-keys.js';
import { createTestEngine } from '../support/engine.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';

const SEEDS = process.env['KVNEST_SOAK'] === undefined ? 40 : 600;
const STEPS = 60;
const BYTES = 16 * 1024;
const TIERS = ['memory', 'disk'];
const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

/** Writes, reads and removals by one caller, while chunks are compressed, decompressed and moved in the background. */
class World {
  private constructor(
    readonly random: SeededRandom,
    readonly busy: BusyKeys,
    private readonly path: string,
  ) {}

  static async create(seed: number): Promise<World> {
    const path = await mkdtemp(join(tmpdir(), 'kvnest-compress-'));
    const test = await createTestEngine({
      arenaBytes: 8 * 2 ** 20,
      tiers: (parts) => [
        new DiskBackend({
          ...parts,
          ...{ name: 'disk', path, capacityBytes: 16 * 2 ** 20 },
          ...{ policy: lruPolicy, logger: new RecordingLogger() },
        }),
        new ScriptedBackend('far', parts),
      ],
    });
    return new World(new SeededRandom(seed), new BusyKeys(test, BYTES), path);
  }

  async step(): Promise<void> {
    const { keys, test } = this.busy;
    const key = this.random.pick(keys);
    const tier = this.random.pick(TIERS);
    const roll = this.random.below(12);
    if (roll < 2) await this.busy.write(key, { ack: 'all' });
    else if (roll < 3) await this.busy.remove(key);
    else if (roll < 6) await this.busy.check(key);
    else if (roll < 8) this.busy.begin(test.engine.compress(keys, { tier, codec: 'zstd' }));
    else if (roll < 10) this.busy.begin(test.engine.decompress(keys, { tier }));
    else if (roll < 11) {
      const to = this.random.pick([...TIERS, 'far']);
      this.busy.begin(test.engine.move([key], { to, copy: this.random.chance(0.5) }));
    } else await test.stack.tiers[0]!.backend.remove(key);
    for (let turns = this.random.below(6); turns > 0; turns--) await nextTurn();
  }

  async close(): Promise<void> {
    await this.busy.close();
    await rm(this.path, { recursive: true });
  }
}

describe('compression beside writes, reads and moves', () => {
  it('loses nothing, brings nothing back, and leaves nothing behind', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = await World.create(seed);
      const { busy } = world;
      try {
        for (let step = 0; step < STEPS; step++) await world.step();
        await busy.expectSettled();
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      } finally {
        await world.close();
      }
    }
  }, 600_000);
});
