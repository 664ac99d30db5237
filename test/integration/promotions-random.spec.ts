import { describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';

const SEEDS = process.env['KVNEST_SOAK'] === undefined ? 300 : 6000;
const STEPS = 80;
const BYTES = 1000;
const FAR_FUTURE_MS = 4_000_000_000_000;
const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

type Step = (key: ChunkKey) => unknown;

/** What a key has; version 0: nothing. */
interface Written {
  readonly version: number;
  readonly expiresAtMs: number;
}

/**
 * Memory and two tiers that have to copy, of which the second is held up again and again, so that promotions to the first wait. One
 * caller writes, removes, clears and sets expiries; reads, prefetches, moves and changes of form go on beside.
 */
class World {
  readonly keys = ['a', 'b', 'c', 'd'].map((name) => ChunkKey.of(name));
  readonly background: Promise<unknown>[] = [];
  readonly log: string[] = [];
  readonly #written = new Map<string, Written>();
  readonly #steps: readonly Step[] = [
    ...times(2, (key) => this.#write(key)),
    (key) => this.#remove(key),
    (key) => this.#expire(key),
    (key) => (this.random.chance(0.2) ? this.#clear() : this.#expire(key)),
    () => this.#clearTier(),
    ...times(3, (key) => this.#begin(this.#read(key, this.random.chance(0.3)))),
    ...times(2, (key) => this.#move(key)),
    () => this.#prefetch(),
    (key) => this.#recode(key),
    (key) => this.#begin(Promise.resolve(this.test.engine.pin([key], 10_000))),
    ...times(3, (key) => this.#evict(key)),
    ...times(3, () => this.random.pick([this.near, this.far, this.far]).hold()),
  ];
  #version = 0;
  #moves = 0;

  private constructor(
    readonly random: SeededRandom,
    readonly test: TestEngine,
    readonly near: ScriptedBackend,
    readonly far: ScriptedBackend,
  ) {}

  static async create(seed: number): Promise<World> {
    const random = new SeededRandom(seed);
    const slow: ScriptedBackend[] = [];
    const test = await createTestEngine({
      arenaBytes: 8 * 2 ** 20,
      tiers: (parts) => {
        slow.push(new ScriptedBackend('near', parts, { shared: false }));
        slow.push(new ScriptedBackend('far', parts, { shared: random.chance(0.5) }));
        return slow;
      },
    });
    return new World(random, test, slow[0]!, slow[1]!);
  }

  async step(): Promise<void> {
    await this.random.pick(this.#steps)(this.random.pick(this.keys));
    for (let turns = this.random.below(4); turns > 0; turns--) await nextTurn();
    if (this.random.chance(0.3)) this.random.pick([this.near, this.far]).release();
  }

  release(): void {
    this.near.release();
    this.far.release();
  }

  async settle(): Promise<void> {
    this.release();
    await Promise.all(this.background);
    await this.test.engine.settled();
    for (const key of this.keys) await this.#check(key);
    await expectEventually(() => this.test.arena.usage().references === 0);
  }

  /** Readers, and every tier that has the chunk, have what was written last. */
  async #check(key: ChunkKey): Promise<void> {
    const { version, expiresAtMs } = this.#of(key);
    const name = key.toString();
    for (const tier of [this.near, this.far]) {
      const copy = tier.copies.get(key.id);
      if (copy !== undefined) expect([tier.name, name, copy.bytes[0]]).toEqual([tier.name, name, version]);
      if (copy !== undefined) expect([tier.name, copy.expiresAtMs]).toEqual([tier.name, expiresAtMs]);
    }
    const found = await this.test.engine.expiresAtMs(key);
    expect([name, found]).toEqual([name, version === 0 ? undefined : expiresAtMs]);
    await this.#read(key, false);
  }

  #of(key: ChunkKey): Written {
    return this.#written.get(key.id) ?? { version: 0, expiresAtMs: 0 };
  }

  #set(key: ChunkKey, written: Written): void {
    this.log.push(`${key.toString()} is ${written.version}`);
    this.#written.set(key.id, written);
  }

  async #write(key: ChunkKey): Promise<void> {
    const version = 1 + (this.#version++ % 255);
    this.log.push(`write ${key.toString()} ${version}`);
    expect(await put(this.test, key, Buffer.alloc(BYTES, version))).toBe('stored');
    this.#set(key, { version, expiresAtMs: 0 });
  }

  async #remove(key: ChunkKey): Promise<void> {
    this.log.push(`remove ${key.toString()}`);
    await this.test.engine.delete([key]);
    this.#set(key, { version: 0, expiresAtMs: 0 });
  }

  async #expire(key: ChunkKey): Promise<void> {
    this.release();
    const expiresAtMs = FAR_FUTURE_MS + this.#version++;
    const found = await this.test.engine.expire(key, expiresAtMs);
    const { version } = this.#of(key);
    this.log.push(`expire ${key.toString()} ${found}`);
    expect(found).toBe(version !== 0);
    if (found) this.#set(key, { version, expiresAtMs });
  }

  async #clear(): Promise<void> {
    this.log.push('clear');
    await this.test.engine.clear();
    for (const key of this.keys) this.#set(key, { version: 0, expiresAtMs: 0 });
  }

  /** Of all that is on the way nothing may come into a tier that was cleared. */
  async #clearTier(): Promise<void> {
    if (this.#moves > 0) return;
    this.release();
    await Promise.all(this.background.splice(0));
    if (this.keys.some((key) => this.#of(key).version !== this.#copyOf(this.far, key))) return;
    this.log.push('clear near');
    await this.test.engine.clear({}, 'near');
    expect(this.near.copies.size).toBe(0);
  }

  async #read(key: ChunkKey, localOnly: boolean): Promise<void> {
    const begun = this.log.length;
    const { version } = this.#of(key);
    const handle = await this.test.engine.get(key, { localOnly });
    const found = handle?.views[0]?.[0] ?? 0;
    handle?.[Symbol.dispose]();
    if (localOnly && found === 0) return;
    const mayBe = [version, ...this.#changesSince(begun, key.toString())];
    if (!mayBe.includes(found)) {
      throw new Error(`${key.toString()} is ${found}, and should be one of ${mayBe.join(' ')}`);
    }
  }

  /** What a key may have had since a line of the log. */
  #changesSince(line: number, name: string): number[] {
    return this.log.slice(line).flatMap((entry) => {
      if (entry === 'clear' || entry === `remove ${name}`) return [0];
      const [, version] = new RegExp(`^write ${name} (\\d+)$`).exec(entry) ?? [];
      return version === undefined ? [] : [Number(version)];
    });
  }

  #move(key: ChunkKey): void {
    const tiers = ['memory', 'near', 'far'];
    const to = this.random.pick(tiers);
    const from = this.random.pick([undefined, ...tiers.filter((name) => name !== to)]);
    const copy = this.random.chance(0.5);
    this.log.push(`move from ${from} to ${to} copy ${copy}`);
    this.#moves++;
    const moved$ = this.test.engine.move([key], {
      ...{ to, copy },
      ...(from !== undefined && { from }),
    });
    this.#begin(lastValueFrom(moved$).finally(() => this.#moves--));
  }

  #prefetch(): void {
    const upTo = this.random.pick(['memory', 'near']);
    this.log.push(`prefetch ${upTo}`);
    this.#begin(lastValueFrom(this.test.engine.prefetch(this.keys, { upTo })));
  }

  #recode(key: ChunkKey): void {
    const { engine } = this.test;
    const work$ = this.random.chance(0.7)
      ? engine.compress([key], { tier: 'memory', codec: 'zstd' })
      : engine.decompress([key], { tier: 'memory' });
    this.#begin(lastValueFrom(work$));
  }

  /** Memory gives up what another tier has. */
  async #evict(key: ChunkKey): Promise<void> {
    if (this.#moves > 0) return;
    const { version } = this.#of(key);
    if (version === 0 || this.#copyOf(this.far, key) !== version) return;
    this.log.push(`evict ${key.toString()}`);
    await this.test.stack.tiers[0]!.backend.remove(key);
    if (this.random.chance(0.7)) await this.near.remove(key);
  }

  #copyOf(tier: ScriptedBackend, key: ChunkKey): number {
    return tier.copies.get(key.id)?.bytes[0] ?? 0;
  }

  #begin(work: Promise<unknown>): void {
    // Told of when it is waited for.
    work.catch(() => undefined);
    this.background.push(work);
  }
}

function times(count: number, step: Step): Step[] {
  return Array<Step>(count).fill(step);
}

describe('promotions that wait beside everything else', () => {
  it('lose nothing, bring nothing back, and leave nothing behind', async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = await World.create(seed);
      try {
        for (let step = 0; step < STEPS; step++) await world.step();
        await world.settle();
        expect(world.test.arena.usage().references).toBe(0);
      } catch (error) {
        throw new Error(`seed ${seed}:\n${world.log.slice(-20).join('\n')}`, { cause: error });
      } finally {
        world.release();
        await Promise.allSettled(world.background);
        await world.test.close();
      }
    }
  }, 600_000);
});
