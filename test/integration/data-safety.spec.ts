import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ManualClock } from '../support/clock.js';
import { DiskWorld } from '../support/disk-world.js';
import { createTestEngine, get, put, type TestEngine, type TestEngineOptions } from '../support/engine.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SeededRandom } from '../support/seeded-random.js';
import { versionBytes, VersionedKey } from '../support/versioned-key.js';

const MIB = 2 ** 20;
const key = ChunkKey.of('a');
const bytes = Buffer.alloc(MIB, 7);

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-safety-'));
});

afterEach(() => rm(path, { recursive: true, force: true }));

/** Memory in front of a disk. */
function startEngine({
  diskBytes,
  ...options
}: TestEngineOptions & { readonly diskBytes: number }): Promise<TestEngine> {
  return createTestEngine({
    ...options,
    tiers: (parts) => [
      new DiskBackend({
        ...parts,
        name: 'disk',
        path,
        capacityBytes: diskBytes,
        policy: lruPolicy,
        logger: new RecordingLogger(),
      }),
    ],
  });
}

describe('a chunk that memory no longer has, while it is read from disk', () => {
  let clock: ManualClock;
  let test: TestEngine;

  beforeEach(async () => {
    clock = new ManualClock();
    test = await startEngine({ clock, diskBytes: 16 * MIB });
    await put(test, key, bytes, { ack: 'all' });
    await test.stack.tiers[0]?.backend.remove(key);
  });

  afterEach(() => test.close());

  it('does not survive a clear that had begun before', async () => {
    const cleared = test.engine.clear();
    const read = get(test, key);
    await Promise.all([cleared, read]);
    expect(await test.engine.exists([key])).toEqual([undefined]);
  });

  it('does not come back while a clear takes the chunk that was to replace it', async () => {
    await put(test, key, Buffer.alloc(10));
    const cleared = test.engine.clear();
    expect(await get(test, key)).toBeUndefined();
    await cleared;
  });

  it('does not come back when the chunk that is to replace it expires', async () => {
    await put(test, key, Buffer.alloc(10), { expiresAtMs: clock.nowMs() + 1 });
    clock.advance(1);
    expect(await test.engine.exists([key])).toEqual([undefined]);
    await put(test, key, bytes, { ack: 'all' });
    await put(test, key, Buffer.alloc(10), { expiresAtMs: clock.nowMs() + 1 });
    clock.advance(1);
    expect(await get(test, key)).toBeUndefined();
  });

  it('expires at the time that was set meanwhile', async () => {
    const read = get(test, key);
    expect(await test.engine.expire(key, clock.nowMs() + 1000)).toBe(true);
    expect(await read).toEqual(bytes);
    clock.advance(1000);
    expect(await test.engine.exists([key])).toEqual([undefined]);
  });
});

describe('a disk tier that is killed right after an answer', () => {
  it.each(['remove', 'clear'] as const)(
    'does not have what a %s took while it was being stored',
    async (how) => {
      const capacityBytes = 16 * MIB;
      const world = await DiskWorld.open({ path: join(path, 'tier'), capacityBytes });
      for (let turns = 0; turns < 20; turns++) {
        const name = ChunkKey.of(`key-${turns}`);
        const stored = world.put(name, Buffer.alloc(4096, turns));
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        await (how === 'remove' ? world.backend.remove(name) : world.backend.clear());
        const copy = join(path, `killed-${turns}`);
        cpSync(join(path, 'tier'), copy, { recursive: true, filter: (file) => !file.endsWith('lock') });
        const later = await DiskWorld.open({ path: copy, capacityBytes });
        expect([turns, await later.scanAll()]).toEqual([turns, []]);
        await later.close();
        await stored;
      }
      await world.close();
    },
  );
});

describe('many clients, few keys, and tiers too small for them', () => {
  const names = Array.from({ length: 24 }, (_, id) => `key-${id}`);
  const keys = new Map(names.map((name) => [name, new VersionedKey()]));
  const random = new SeededRandom(20);
  const steps = process.env['KVNEST_SOAK'] === '1' ? 20_000 : 300;
  const objections: string[] = [];
  let version = 0;

  async function write(test: TestEngine, name: string): Promise<void> {
    const written = ++version;
    const size = 4 * (1 + random.below(random.chance(0.3) ? MIB / 4 : 1000));
    const answered = keys.get(name)!.begin(written);
    const outcome = await put(test, ChunkKey.of(name), versionBytes(written, size), {
      ack: random.chance(0.3) ? 'all' : 'memory',
    });
    if (outcome === 'stored') answered();
  }

  async function read(test: TestEngine, name: string): Promise<void> {
    const objectionTo = keys.get(name)!.beginRead();
    const objection = objectionTo(await get(test, ChunkKey.of(name)));
    if (objection !== undefined) objections.push(`${name}: ${objection}`);
  }

  async function remove(of: readonly string[], how: () => unknown): Promise<void> {
    const answered = of.map((name) => keys.get(name)!.begin(0));
    await how();
    answered.forEach((answer) => answer());
  }

  async function work(test: TestEngine): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const name = random.pick(names);
      const dice = random.below(100);
      if (dice < 30) await write(test, name);
      else if (dice < 37) await remove([name], () => test.engine.delete([ChunkKey.of(name)]));
      else if (dice < 38) await remove(names, () => test.engine.clear());
      else await read(test, name);
    }
  }

  it('give whole values that nobody had overwritten or removed, also after a restart', async () => {
    for (let round = 0; round < 2; round++) {
      const test = await startEngine({ arenaBytes: 4 * MIB, diskBytes: 8 * MIB });
      for (const name of names) await read(test, name);
      await Promise.all(Array.from({ length: 8 }, () => work(test)));
      await test.engine.settled();
      expect(objections).toEqual([]);
      const { evictions = 0 } = test.engine.status().tiers[0] ?? {};
      expect([evictions > 0, test.arena.usage().references]).toEqual([true, 0]);
      await test.close();
    }
  }, 3_600_000);
});
