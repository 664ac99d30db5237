import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, statSync, truncateSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { directoryBytes, DiskWorld, versionBytes } from '../support/disk-world.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const CAPACITY = 16 * MIB;
const CHUNKS = 40;
const ROUNDS = process.env['KVNEST_SOAK'] === '1' ? 100 : 4;
const TIMEOUT_MS = 30 * 60_000;

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-damage-'));
});

afterEach(() => rm(path, { recursive: true, force: true }));

const openWorld = (): Promise<DiskWorld> => DiskWorld.open({ path, capacityBytes: CAPACITY });

const keyOf = (i: number): ChunkKey => ChunkKey.of(`chunk-${i}`);
const lengthOf = (i: number): number => 5_000 + 7_919 * i;

/** A directory with `CHUNKS` chunks, some replaced and some removed, closed. */
async function fill(): Promise<void> {
  const world = await openWorld();
  for (let i = 0; i < CHUNKS; i++)
    expect(await world.put(keyOf(i), versionBytes(i, lengthOf(i)))).toBe('stored');
  for (let i = 0; i < CHUNKS; i += 10) {
    await world.backend.remove(keyOf(i));
    await world.put(keyOf(i), versionBytes(i, lengthOf(i)));
  }
  await world.close();
}

async function flip(file: string, position: number): Promise<void> {
  const handle = await open(join(path, file), 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, position);
  byte[0] = (byte[0] as number) ^ 0x10;
  await handle.write(byte, 0, 1, position);
  await handle.close();
}

/** Reads every chunk. What comes must be right. @returns how each read ended. */
async function readAll(world: DiskWorld): Promise<Record<'hit' | 'miss' | 'corrupt', number>> {
  const ends = { hit: 0, miss: 0, corrupt: 0 };
  for (let i = 0; i < CHUNKS; i++) {
    const outcome = await world.read(keyOf(i));
    if (typeof outcome === 'string') ends[outcome as 'miss' | 'corrupt']++;
    else {
      expect(outcome.bytes.equals(versionBytes(i, lengthOf(i)))).toBe(true);
      ends.hit++;
    }
  }
  return ends;
}

describe('a disk tier with damaged chunks', () => {
  it('answers a flipped byte with corrupt, counts it, and from then on has no such chunk', async () => {
    await fill();
    const bytes = await readFile(join(path, 'chunks.dat'));
    const target = versionBytes(7, lengthOf(7));
    await flip('chunks.dat', bytes.indexOf(target.subarray(0, 4_000)) + 3_000);

    const world = await openWorld();
    expect(await world.read(keyOf(7))).toBe('corrupt');
    expect(world.backend.usage()).toMatchObject({ corruptions: 1, chunks: CHUNKS - 1, healthy: true });
    expect(await world.read(keyOf(7))).toBe('miss');
    expect(await world.backend.contains(keyOf(7))).toBe(false);
    expect(await readAll(world)).toEqual({ hit: CHUNKS - 1, miss: 1, corrupt: 0 });
    expect(await world.put(keyOf(7), target)).toBe('stored');
    expect(await readAll(world)).toEqual({ hit: CHUNKS, miss: 0, corrupt: 0 });
    await world.close();
  });

  it('never gives bytes that were not put, wherever bytes are flipped', async () => {
    await fill();
    const random = new SeededRandom(11);
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < 20; i++) await flip('chunks.dat', random.below(3 * MIB));
      const world = await openWorld();
      const ends = await readAll(world);
      expect(world.backend.usage().corruptions).toBe(ends.corrupt);
      await world.close();
    }
  });

  it('loses what is behind the end of a file that somebody cut, and nothing else', async () => {
    await fill();
    truncateSync(join(path, 'chunks.dat'), MIB);
    const world = await openWorld();
    const ends = await readAll(world);
    expect(ends.hit).toBeGreaterThan(0);
    expect(ends.miss).toBeGreaterThan(0);
    expect(ends.corrupt).toBe(0);
    await world.close();
  });

  it('answers corrupt when the file is cut while it is open', async () => {
    await fill();
    const world = await openWorld();
    truncateSync(join(path, 'chunks.dat'), 0);
    expect(await readAll(world)).toEqual({ hit: 0, miss: 0, corrupt: CHUNKS });
    expect(world.backend.usage()).toMatchObject({ chunks: 0, healthy: true });
    await world.close();
  });
});

describe('a disk tier with a damaged index', () => {
  it(
    'skips what is damaged and finds the rest, wherever bytes are flipped',
    async () => {
      const random = new SeededRandom(12);
      for (let round = 0; round < ROUNDS; round++) {
        await fill();
        const { size } = statSync(join(path, 'index.log'));
        for (let i = 0; i < 3; i++) await flip('index.log', 4_096 + random.below(size - 4_096));
        const world = await openWorld();
        const ends = await readAll(world);
        expect(ends.hit).toBeGreaterThanOrEqual(CHUNKS - 3);
        expect(directoryBytes(path)).toBeLessThanOrEqual(CAPACITY);
        await world.close();
      }
    },
    TIMEOUT_MS,
  );

  it(
    'gives nothing wrong, and works on, wherever the index is cut',
    async () => {
      const random = new SeededRandom(13);
      for (let round = 0; round < ROUNDS; round++) {
        await fill();
        truncateSync(join(path, 'index.log'), random.below(statSync(join(path, 'index.log')).size));
        const world = await openWorld();
        await readAll(world);
        for (let i = 0; i < CHUNKS; i++) {
          expect(await world.put(keyOf(i), versionBytes(i, lengthOf(i)))).toBe('stored');
        }
        await world.close();
        const again = await openWorld();
        expect(await readAll(again)).toEqual({ hit: CHUNKS, miss: 0, corrupt: 0 });
        await again.close();
      }
    },
    TIMEOUT_MS,
  );

  it('needs only one of the two copies of its header', async () => {
    await fill();
    await flip('index.log', 13);
    const world = await openWorld();
    expect(await readAll(world)).toEqual({ hit: CHUNKS, miss: 0, corrupt: 0 });
    await world.close();
  });

  it.each([
    ['is gone', () => rm(join(path, 'index.log'))],
    ['is something else', () => writeFile(join(path, 'index.log'), 'no journal at all')],
    ['is empty', () => writeFile(join(path, 'index.log'), '')],
  ])('starts empty, with a warning, when the index %s', async (_, damage) => {
    await fill();
    await damage();
    const world = await openWorld();
    expect(await readAll(world)).toEqual({ hit: 0, miss: CHUNKS, corrupt: 0 });
    expect(world.logger.count('warn')).toBe(1);
    expect(directoryBytes(path)).toBeLessThan(MIB);
    await world.close();
  });

  it('does not take a record for real that somebody wrote into a key', async () => {
    const first = await openWorld();
    const inner = ChunkKey.of('planted');
    await first.put(inner, versionBytes(1, 5_000));
    await first.close();
    const log = await readFile(join(path, 'index.log'));
    const at = log.indexOf('KVR1');
    const record = log.subarray(at, at + 12 + log.readUInt32LE(at + 4));

    await rm(path, { recursive: true });
    const second = await openWorld();
    await second.put(new ChunkKey(record), versionBytes(2, 6_000));
    await second.close();
    const outer = await readFile(join(path, 'index.log'));
    await flip('index.log', outer.indexOf('KVR1') + 4);

    const third = await openWorld();
    expect(await third.backend.contains(inner)).toBe(false);
    await third.close();
  });
});

describe('files of others in the directory', () => {
  it('are neither touched nor counted', async () => {
    await writeFile(join(path, 'notes.txt'), 'mine');
    await writeFile(join(path, 'chunks.dat.bak'), Buffer.alloc(3 * MIB, 1));
    await fill();
    const world = await openWorld();
    await world.backend.clear();
    expect(world.backend.usage().usedBytes).toBe(0);
    for (let i = 0; i < 60; i++) expect(await world.put(keyOf(i), versionBytes(i, 500 * KIB))).toBe('stored');
    await world.close();
    expect(await readFile(join(path, 'notes.txt'), 'utf8')).toBe('mine');
    expect(statSync(join(path, 'chunks.dat.bak')).size).toBe(3 * MIB);
  });

  it('are no tier, even under the names of ours', async () => {
    for (const name of ['chunks.dat', 'index.log', 'index.log.new']) {
      const file = join(path, name);
      await writeFile(file, 'not ours');
      for (let attempt = 0; attempt < 2; attempt++) {
        await expect(openWorld()).rejects.toMatchObject({ code: 'KV_DISK_UNUSABLE' });
      }
      expect(await readFile(file, 'utf8')).toBe('not ours');
      await rm(file);
    }
    await (await openWorld()).close();
  });

  it('are all there is besides the three of its own', async () => {
    await fill();
    expect((await readdir(path)).sort()).toEqual(['chunks.dat', 'index.log', 'kvnest.lock']);
    await writeFile(join(path, 'index.log.new'), 'left behind by a crash');
    const world = await openWorld();
    expect(existsSync(join(path, 'index.log.new'))).toBe(false);
    await world.close();
  });
});
