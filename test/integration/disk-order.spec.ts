import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { DiskWorld, versionBytes } from '../support/disk-world.js';

const KEY = ChunkKey.of('contended');
const ROUNDS = 60;
const TURNS = 12;

let options: { path: string; capacityBytes: number };
let world: DiskWorld;

beforeEach(async () => {
  options = { path: await mkdtemp(join(tmpdir(), 'kvnest-order-')), capacityBytes: 16 * 2 ** 20 };
  world = await DiskWorld.open(options);
});

afterEach(async () => {
  await world.close();
  await rm(options.path, { recursive: true, force: true });
});

/** Lets a put get a little further each round. */
async function turns(round: number): Promise<void> {
  for (let i = round % TURNS; i > 0; i--) await nextTurn();
}

async function restart(): Promise<void> {
  await world.close();
  world = await DiskWorld.open(options);
}

describe('what happens to one key at once', () => {
  it('ends without the chunk when it is removed while it is put, whenever that is', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const put = world.put(KEY, versionBytes(round, round % 2 ? 500 : 90_000));
      await turns(round);
      expect(await world.backend.remove(KEY)).toBe(true);
      expect(await put).toBe('stored');
      expect(await world.backend.contains(KEY)).toBe(false);
      expect(world.backend.usage()).toMatchObject({ chunks: 0, usedBytes: 0 });
    }
    await restart();
    expect(world.backend.usage()).toMatchObject({ chunks: 0, usedBytes: 0 });
  });

  it('ends without the chunk when all is cleared while it is put, whenever that is', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const put = world.put(KEY, versionBytes(round, 700));
      await turns(round);
      expect(await world.backend.clear({ namespace: 0 })).toBe(1);
      await put;
      expect(await world.backend.contains(KEY)).toBe(false);
    }
  });

  it('ends with the later put when two are on their way', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const first = world.put(KEY, versionBytes(2 * round, 90_000));
      await turns(round);
      const second = world.put(KEY, versionBytes(2 * round + 1, 500));
      expect(await Promise.all([first, second])).toEqual(['stored', 'stored']);
      expect(await world.read(KEY)).toMatchObject({ bytes: versionBytes(2 * round + 1, 500) });
      expect(world.backend.usage().chunks).toBe(1);
    }
    await restart();
    expect(await world.read(KEY)).toMatchObject({ bytes: versionBytes(2 * ROUNDS - 1, 500) });
  });

  it('gives a reader the whole old chunk or the whole new one', async () => {
    await world.put(KEY, versionBytes(0, 90_000));
    for (let round = 1; round < ROUNDS; round++) {
      const put = world.put(KEY, versionBytes(round, 90_000));
      await turns(round);
      const outcome = await world.read(KEY);
      const whole = [round - 1, round].map((version) => versionBytes(version, 90_000));
      expect(whole.some((bytes) => typeof outcome !== 'string' && outcome.bytes.equals(bytes))).toBe(true);
      await put;
    }
    expect(world.backend.usage().corruptions).toBe(0);
  });
});
