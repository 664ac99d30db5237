import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { DiskWorld, versionBytes } from '../support/disk-world.js';
import { describeWithPeer } from '../support/peer.js';
import { SmallMount } from '../support/small-mount.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHUNK_BYTES = 300 * KIB;
const SUPPORT = join(import.meta.dirname, '../support');

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-faults-'));
});

afterEach(() => rm(path, { recursive: true, force: true }));

const keyOf = (i: number): ChunkKey => ChunkKey.of(`chunk-${i}`);

async function putNumbered(world: DiskWorld, i: number): Promise<string | undefined> {
  return world.put(keyOf(i), versionBytes(i, CHUNK_BYTES));
}

async function expectHits(world: DiskWorld, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const outcome = await world.read(keyOf(i));
    expect(typeof outcome === 'string' ? outcome : outcome.bytes.equals(versionBytes(i, CHUNK_BYTES))).toBe(
      true,
    );
  }
}

describeWithPeer(SmallMount.refused())('a disk tier on a full file system', () => {
  it('fails puts and keeps the rest, with one line, and recovers with another', async () => {
    const small = SmallMount.mount(join(path, 'small'), '8m');
    try {
      const options = { path: join(small.path, 'tier'), capacityBytes: 64 * MIB };
      const world = await DiskWorld.open(options);
      for (let i = 0; i < 4; i++) expect(await putNumbered(world, i)).toBe('stored');
      await writeFile(join(small.path, 'ballast'), Buffer.alloc(8 * MIB, 1)).catch(() => undefined);

      for (let i = 10; i < 15; i++) expect(await putNumbered(world, i)).toBe('failed');
      expect(world.backend.usage()).toMatchObject({ healthy: false, chunks: 4 });
      await expectHits(world, 4);
      for (let i = 0; i < 5; i++) {
        world.clock.advance(100_000);
        expect(await putNumbered(world, 10)).toBe('failed');
      }
      expect(world.logger.count('error')).toBe(1);

      await rm(join(small.path, 'ballast'));
      world.clock.advance(100_000);
      expect(await putNumbered(world, 4)).toBe('stored');
      expect(world.backend.usage()).toMatchObject({ healthy: true, chunks: 5 });
      expect(world.logger.count('error')).toBe(1);
      expect(world.logger.count('log')).toBe(1);
      await expectHits(world, 5);
      await world.close();

      const again = await DiskWorld.open(options);
      expect(again.backend.usage().chunks).toBe(5);
      await expectHits(again, 5);
      await again.close();
    } finally {
      small.unmount();
    }
  });

  it('leaves no older chunk under the key of a put that failed, not even after a restart', async () => {
    const small = SmallMount.mount(join(path, 'small'), '8m');
    try {
      const options = { path: join(small.path, 'tier'), capacityBytes: 64 * MIB };
      const world = await DiskWorld.open(options);
      for (let i = 0; i < 2; i++) expect(await putNumbered(world, i)).toBe('stored');
      await writeFile(join(small.path, 'ballast'), Buffer.alloc(8 * MIB, 1)).catch(() => undefined);
      expect(await world.put(keyOf(0), versionBytes(9, 2 * MIB))).toBe('failed');
      expect(await world.read(keyOf(0))).toBe('miss');
      await rm(join(small.path, 'ballast'));
      await world.close();

      const again = await DiskWorld.open(options);
      expect(await again.read(keyOf(0))).toBe('miss');
      expect(again.backend.usage().chunks).toBe(1);
      await again.close();
    } finally {
      small.unmount();
    }
  });
});

describe('a disk tier whose directory is deleted', () => {
  it('fails puts until it can start over in a new one', async () => {
    const tier = join(path, 'tier');
    const world = await DiskWorld.open({ path: tier, capacityBytes: 16 * MIB });
    expect(await putNumbered(world, 0)).toBe('stored');
    await rm(tier, { recursive: true });
    await writeFile(tier, 'in the way');

    expect(await putNumbered(world, 1)).toBe('failed');
    expect(world.backend.usage().healthy).toBe(false);
    for (let i = 0; i < 3; i++) {
      world.clock.advance(100_000);
      expect(await putNumbered(world, 1)).toBe('failed');
      expect(await world.read(keyOf(0))).toBe('miss');
      expect(await world.backend.contains(keyOf(0))).toBe(false);
      expect(await world.backend.scan(0, 10)).toEqual({ keys: [], cursor: 0 });
    }
    expect(world.logger.count('error')).toBe(1);

    await rm(tier);
    world.clock.advance(100_000);
    expect(await putNumbered(world, 0)).toBe('stored');
    expect(world.backend.usage()).toMatchObject({ healthy: true, chunks: 1 });
    await world.close();

    const again = await DiskWorld.open({ path: tier, capacityBytes: 16 * MIB });
    await expectHits(again, 1);
    await again.close();
  });

  it('closes all the same', async () => {
    const tier = join(path, 'tier');
    const world = await DiskWorld.open({ path: tier, capacityBytes: 16 * MIB });
    await putNumbered(world, 0);
    await rm(tier, { recursive: true });
    await expect(world.close()).resolves.toBeUndefined();
  });
});

describe('a directory that cannot be used', () => {
  it('is an error at start when it is no directory', async () => {
    await writeFile(join(path, 'file'), '');
    for (const tier of [join(path, 'file'), join(path, 'file', 'below')]) {
      await expect(DiskWorld.open({ path: tier, capacityBytes: 16 * MIB })).rejects.toMatchObject({
        code: 'KV_DISK_UNUSABLE',
      });
    }
  });

  it('is an error at start when something of another kind has the name of a file of ours', async () => {
    mkdirSync(join(path, 'chunks.dat'));
    const options = { path, capacityBytes: 16 * MIB };
    await expect(DiskWorld.open(options)).rejects.toMatchObject({ code: 'KV_DISK_UNUSABLE' });
    await rm(join(path, 'chunks.dat'), { recursive: true });
    await (await DiskWorld.open(options)).close();
  });

  it('is an error when there is no room for a chunk', () => {
    expect(() => new DiskWorld({ path, capacityBytes: 64 * KIB })).toThrow(
      expect.objectContaining({ code: 'KV_DISK_CAPACITY' }),
    );
  });
});

describe('a directory in use', () => {
  it('is refused to a second backend of the same process, until the first is closed', async () => {
    const options = { path, capacityBytes: 16 * MIB };
    const first = await DiskWorld.open(options);
    await expect(DiskWorld.open(options)).rejects.toMatchObject({ code: 'KV_DISK_LOCKED' });
    expect(await putNumbered(first, 0)).toBe('stored');
    await first.close();
    const second = await DiskWorld.open(options);
    await expectHits(second, 1);
    await second.close();
  });

  it.each(['with the addon', 'without the addon'])(
    'is refused to a second process, %s, by name',
    async (how) => {
      const options = { path, capacityBytes: 16 * MIB };
      const hooks = join(SUPPORT, 'typescript-hooks.mjs');
      const child = spawn(
        process.execPath,
        ['--import', hooks, join(SUPPORT, 'disk-writer.ts'), path, String(options.capacityBytes), '1'],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, ...(how === 'without the addon' && { KVNEST_NATIVE: '0' }) },
        },
      );
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      await expect(DiskWorld.open(options)).rejects.toMatchObject({
        code: 'KV_DISK_LOCKED',
        details: { pid: child.pid },
      });
      child.kill('SIGKILL');
      child.stdout.resume();
      await exited;
      await (await DiskWorld.open(options)).close();
    },
  );
});
