import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findAdmissionPolicy } from '../../src/modules/tiers/admission/admission-policies.catalog.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { directoryBytes, DiskWorld, versionBytes } from '../support/disk-world.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const SOAK = process.env['KVNEST_SOAK'] === '1';

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-budget-'));
});

afterEach(() => rm(path, { recursive: true, force: true }));

const keyOf = (i: number): ChunkKey => ChunkKey.of(`model@1@0@chunk-${i}`);

/** Puts `count` chunks, eight at a time, and looks at the directory between. @returns the largest size seen. */
async function flood(
  world: DiskWorld,
  count: number,
  lengthOf: (i: number) => number,
  keys = count,
): Promise<number> {
  let peakBytes = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      expect(await world.put(keyOf(i % keys), versionBytes(i, lengthOf(i)))).toBe('stored');
      if (i % 4 === 0) peakBytes = Math.max(peakBytes, directoryBytes(path));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return Math.max(peakBytes, directoryBytes(path));
}

describe('the budget of a disk tier', () => {
  it('holds for all files together when ten times as much is put, large and small', async () => {
    const capacityBytes = 12 * MIB;
    const random = new SeededRandom(21);
    const world = await DiskWorld.open({ path, capacityBytes });
    const rounds = SOAK ? 20 : 1;
    for (let round = 0; round < rounds; round++) {
      const peakBytes = await flood(world, 400, () => random.below(random.chance(0.1) ? 2 * MIB : 400 * KIB));
      expect(peakBytes).toBeLessThanOrEqual(capacityBytes);
      expect(peakBytes).toBeGreaterThan(capacityBytes * 0.9);
    }
    expect(world.backend.usage().evictions).toBeGreaterThan(100);
    await world.close();
    expect(directoryBytes(path)).toBeLessThanOrEqual(capacityBytes);
  });

  it('is no reason to give chunks up for one that the admission policy refuses', async () => {
    const world = await DiskWorld.open({
      path,
      capacityBytes: 12 * MIB,
      admissionPolicy: findAdmissionPolicy('second-hit'),
    });
    let count = 0;
    while ((await world.put(keyOf(count), versionBytes(count, 400 * KIB))) === 'stored') count++;
    expect(count).toBeGreaterThan(20);
    expect(world.backend.usage()).toMatchObject({ chunks: count, evictions: 0 });
    expect(await world.put(keyOf(0), versionBytes(7, 400 * KIB))).toBe('stored');
    expect(await world.put(keyOf(count), versionBytes(count, 400 * KIB))).toBe('stored');
    expect(await world.read(keyOf(count))).toMatchObject({ bytes: versionBytes(count, 400 * KIB) });
    expect(world.backend.usage().evictions).toBeGreaterThan(0);
    await world.close();
  });

  it('holds for the index when chunks are tiny, while it is rewritten again and again', async () => {
    const capacityBytes = 4 * MIB;
    const world = await DiskWorld.open({ path, capacityBytes });
    const peakBytes = await flood(world, 3_000, (i) => 1 + (i % 500));
    expect(peakBytes).toBeLessThanOrEqual(capacityBytes);
    const { chunks } = world.backend.usage();
    expect(chunks).toBeGreaterThan(100);
    await world.close();

    const again = await DiskWorld.open({ path, capacityBytes });
    expect(again.backend.usage().chunks).toBe(chunks);
    for (const key of await again.scanAll()) {
      const i = Number(key.toString().split('-')[1]);
      expect(await again.read(key)).toMatchObject({ bytes: versionBytes(i, 1 + (i % 500)) });
    }
    await again.close();
  });

  it('is not used up by an index full of chunks that are gone', async () => {
    const capacityBytes = 64 * MIB;
    const world = await DiskWorld.open({ path, capacityBytes });
    const puts = SOAK ? 60_000 : 12_000;
    await flood(world, puts, () => 100, 16);
    expect(world.backend.usage().chunks).toBe(16);
    expect(statSync(join(path, 'index.log')).size).toBeLessThan(1.5 * MIB);
    await world.close();
    const again = await DiskWorld.open({ path, capacityBytes });
    expect(await again.scanAll()).toHaveLength(16);
    for (let i = puts - 16; i < puts; i++) {
      expect(await again.read(keyOf(i % 16))).toMatchObject({ bytes: versionBytes(i, 100) });
    }
    await again.close();
  });

  it('is exact over restarts', async () => {
    const capacityBytes = 8 * MIB;
    const random = new SeededRandom(22);
    for (let round = 0; round < 5; round++) {
      const world = await DiskWorld.open({ path, capacityBytes });
      await flood(world, 60, () => random.below(600 * KIB));
      const before = world.backend.usage();
      await world.close();
      const again = await DiskWorld.open({ path, capacityBytes });
      const { usedBytes, chunks } = again.backend.usage();
      expect({ usedBytes, chunks }).toEqual({ usedBytes: before.usedBytes, chunks: before.chunks });
      let bytes = 0;
      for (const key of await again.scanAll()) {
        const outcome = await again.read(key);
        bytes +=
          typeof outcome === 'string'
            ? NaN
            : Math.max(4 * KIB, Math.ceil(outcome.bytes.length / 4096) * 4096);
      }
      expect(bytes).toBe(usedBytes);
      await again.close();
    }
  });

  it('is kept from the first moment when it is smaller after a restart, and may grow again', async () => {
    const world = await DiskWorld.open({ path, capacityBytes: 24 * MIB });
    await flood(world, 80, () => 200 * KIB);
    const before = world.backend.usage();
    await world.close();

    const smaller = await DiskWorld.open({ path, capacityBytes: 8 * MIB });
    expect(directoryBytes(path)).toBeLessThanOrEqual(8 * MIB);
    const { chunks, usedBytes } = smaller.backend.usage();
    expect(chunks).toBeGreaterThan(20);
    expect(usedBytes).toBeLessThan(8 * MIB);
    expect(await flood(smaller, 60, () => 200 * KIB)).toBeLessThanOrEqual(8 * MIB);
    await smaller.close();

    const larger = await DiskWorld.open({ path, capacityBytes: 24 * MIB });
    await flood(larger, 80, () => 200 * KIB);
    expect(larger.backend.usage()).toMatchObject({ chunks: before.chunks, usedBytes: before.usedBytes });
    await larger.close();
  });
});

describe('a budget that is smaller after a restart', () => {
  it('holds for the index, too', async () => {
    const world = await DiskWorld.open({ path, capacityBytes: 64 * MIB });
    await flood(world, 3_500, () => 10, 1_500);
    await world.close();
    const budget = 128 * KIB;
    expect(statSync(join(path, 'index.log')).size).toBeGreaterThan(2 * budget);
    const smaller = await DiskWorld.open({ path, capacityBytes: 4 * MIB });
    expect(statSync(join(path, 'index.log')).size).toBeLessThanOrEqual(budget);
    expect(directoryBytes(path)).toBeLessThanOrEqual(4 * MIB);
    const { chunks } = smaller.backend.usage();
    expect(chunks).toBeGreaterThan(100);
    expect(await smaller.scanAll()).toHaveLength(chunks);
    await smaller.close();
  });
});

describe('the order of eviction', () => {
  it('goes on where it was after a restart: what was read last stays longest', async () => {
    const options = { path, capacityBytes: 4 * MIB };
    const world = await DiskWorld.open(options);
    for (let i = 0; i < 6; i++) await world.put(keyOf(i), versionBytes(i, 500 * KIB));
    await world.read(keyOf(0));
    await world.read(keyOf(2));
    await world.close();
    const again = await DiskWorld.open(options);
    for (let i = 10; i < 15; i++) await again.put(keyOf(i), versionBytes(i, 500 * KIB));
    const there = [];
    for (let i = 0; i < 6; i++) if (await again.backend.contains(keyOf(i))) there.push(i);
    expect(there).toEqual([0, 2]);
    await again.close();
  });
});
