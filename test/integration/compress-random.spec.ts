import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
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
  readonly keys = ['a', 'b', 'c'].map((name) => ChunkKey.of(name));
  readonly background: Promise<unknown>[] = [];
  readonly #written = new Map<string, number | undefined>();
  #version = 0;

  private constructor(
    readonly random: SeededRandom,
    readonly test: TestEngine,
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
    return new World(new SeededRandom(seed), test, path);
  }

  async step(): Promise<void> {
    const { engine } = this.test;
    const key = this.random.pick(this.keys);
    const tier = this.random.pick(TIERS);
    const roll = this.random.below(12);
    if (roll < 2) await this.#write(key);
    else if (roll < 3) await this.#remove(key);
    else if (roll < 6) await this.check(key);
    else if (roll < 8) this.#begin(engine.compress(this.keys, { tier, codec: 'zstd' }));
    else if (roll < 10) this.#begin(engine.decompress(this.keys, { tier }));
    else if (roll < 11) {
      const to = this.random.pick([...TIERS, 'far']);
      this.#begin(engine.move([key], { to, copy: this.random.chance(0.5) }));
    } else await this.test.stack.tiers[0]!.backend.remove(key);
    for (let turns = this.random.below(6); turns > 0; turns--) await nextTurn();
  }

  async check(key: ChunkKey): Promise<void> {
    const version = this.#written.get(key.id);
    const found = await get(this.test, key);
    // Only memory may have had it, and given it up.
    expect(found?.[0]).toBe(version);
    if (version !== undefined) expect(found?.equals(Buffer.alloc(BYTES, version))).toBe(true);
  }

  async settle(): Promise<void> {
    await Promise.all(this.background);
    await this.test.engine.settled();
    for (const key of this.keys) await this.check(key);
    await expectEventually(() => this.test.arena.usage().references === 0);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.background);
    await this.test.close();
    await rm(this.path, { recursive: true });
  }

  async #write(key: ChunkKey): Promise<void> {
    const version = ++this.#version;
    expect(await put(this.test, key, Buffer.alloc(BYTES, version), { ack: 'all' })).toBe('stored');
    this.#written.set(key.id, version);
  }

  async #remove(key: ChunkKey): Promise<void> {
    await this.test.engine.delete([key]);
    this.#written.set(key.id, undefined);
  }

  #begin(work$: Parameters<typeof lastValueFrom>[0]): void {
    this.background.push(lastValueFrom(work$));
  }
}

describe('compression beside writes, reads and moves', () => {
  it('loses nothing, brings nothing back, and leaves nothing behind', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = await World.create(seed);
      try {
        for (let step = 0; step < STEPS; step++) await world.step();
        await world.settle();
        expect(world.test.arena.usage().references).toBe(0);
      } finally {
        await world.close();
      }
    }
  }, 600_000);
});
