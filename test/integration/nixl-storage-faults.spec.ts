import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { type MediumBackend } from '../../src/backends/medium/medium.backend.js';
import { inWorld, type BackendWorld } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { MEDIUM_CAPABILITIES } from '../support/backend-capabilities.js';
import { nixlStorageTier } from '../support/nixl/nixl-storage-tier.js';
import { missingNixl } from '../support/nixl/nixl-wheel.js';
import { describeWithPeer } from '../support/peer.js';
import { SmallMount } from '../support/small-mount.js';

const CHUNK_BYTES = 300 * 1024;

let path: string;
let warnings: string[];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-nixl-storage-'));
  warnings = [];
});
afterEach(() => rm(path, { recursive: true, force: true }));

const keyOf = (i: number): ChunkKey => ChunkKey.of(`chunk-${i}`);

function inTier(
  test: (world: BackendWorld) => Promise<void>,
  directory = path,
  options: { plugin?: string; library?: string } = {},
): Promise<void> {
  return inWorld(
    {
      capabilities: MEDIUM_CAPABILITIES,
      create: (context): MediumBackend => nixlStorageTier(directory, context, { warnings, ...options }),
    },
    test,
  );
}

async function put(world: BackendWorld, i: number): Promise<string | undefined> {
  return world.put({ key: keyOf(i), bytes: chunkBytes(CHUNK_BYTES, i) });
}

async function theFile(): Promise<string> {
  const [name] = (await readdir(path)).filter((file) => file.endsWith('.chunk'));
  return join(path, name ?? 'none');
}

describeWithPeer(missingNixl())('files over NIXL', () => {
  it('are misses when they are gone, and their room is free', () =>
    inTier(async (world) => {
      await put(world, 1);
      await rm(await theFile());
      expect(await world.read(keyOf(1))).toBe('corrupt');
      world.expectUsage({ usedBytes: 0, chunks: 0 });
      expect(await put(world, 1)).toBe('stored');
      expectBytes(await world.read(keyOf(1)), chunkBytes(CHUNK_BYTES, 1));
    }));

  it('are found damaged when they are cut off or changed, and removed', () =>
    inTier(async (world) => {
      await put(world, 1);
      await truncate(await theFile(), CHUNK_BYTES - 1);
      expect(await world.read(keyOf(1))).toBe('corrupt');
      await put(world, 2);
      const file = await theFile();
      const bytes = await readFile(file);
      bytes.writeUInt8(bytes.readUInt8(CHUNK_BYTES - 7) ^ 1, CHUNK_BYTES - 7);
      await writeFile(file, bytes);
      expect(await world.read(keyOf(2))).toBe('corrupt');
      expect(world.backend.usage()).toMatchObject({ corruptions: 2, chunks: 0 });
      expect((await readdir(path)).filter((name) => name !== 'lock')).toEqual([]);
    }));

  it('are removed at the start when they were not finished, or are no records', async () => {
    await writeFile(join(path, '7.chunk.tmp'), 'half');
    await writeFile(join(path, '8.chunk'), 'no');
    await writeFile(join(path, '9.chunk'), Buffer.alloc(4096, 0xff));
    await inTier(async (world) => {
      world.expectUsage({ usedBytes: 0, chunks: 0 });
      expect((await readdir(path)).filter((name) => name !== 'lock')).toEqual([]);
      expect(await put(world, 1)).toBe('stored');
    });
  });

  it('fail where their directory vanishes, and come back with it', () =>
    inTier(async (world) => {
      await rm(path, { recursive: true });
      expect(await put(world, 1)).toBe('failed');
      expect(warnings.join()).toContain('ENOENT');
      world.expectUsage({ usedBytes: 0, chunks: 0 });
      await mkdir(path);
      expect(await put(world, 1)).toBe('stored');
      expectBytes(await world.read(keyOf(1)), chunkBytes(CHUNK_BYTES, 1));
    }));

  it('refuse a path that is no directory', async () => {
    await writeFile(join(path, 'file'), '');
    await expect(inTier(() => Promise.resolve(), join(path, 'file'))).rejects.toMatchObject({
      code: 'KV_NIXL_STORAGE',
    });
  });

  it('refuse a directory that another tier uses', () =>
    inTier(async () => {
      await expect(inTier(() => Promise.resolve())).rejects.toMatchObject({ code: 'KV_NIXL_STORAGE' });
    }));

  it('need a plugin that the library has', async () => {
    const opened = inTier(() => Promise.resolve(), path, { plugin: 'NO_SUCH_PLUGIN' });
    await expect(opened).rejects.toMatchObject({
      code: 'KV_NIXL_PLUGIN',
      message: expect.stringContaining('NO_SUCH_PLUGIN cannot be used'),
    });
  });

  it('need a library', async () => {
    const opened = inTier(() => Promise.resolve(), path, { library: '/no/such/libnixl_capi.so' });
    await expect(opened).rejects.toMatchObject({
      code: 'KV_NIXL_PLUGIN',
      message: expect.stringContaining('/no/such/libnixl_capi.so'),
    });
  });

  describeWithPeer(SmallMount.refused())('on a full file system', () => {
    it('fail, leave nothing of them, keep the others, and are stored again when there is room', async () => {
      const small = SmallMount.mount(join(path, 'small'), '4m');
      try {
        await inTier(
          async (world) => {
            for (let i = 0; i < 4; i++) expect(await put(world, i)).toBe('stored');
            await writeFile(join(small.path, 'ballast'), Buffer.alloc(4 << 20, 1)).catch(() => undefined);
            for (let i = 10; i < 15; i++) expect(await put(world, i)).toBe('failed');
            expect(warnings).toHaveLength(5);
            for (let i = 0; i < 4; i++) expectBytes(await world.read(keyOf(i)), chunkBytes(CHUNK_BYTES, i));
            await rm(join(small.path, 'ballast'));
            const outcomes = await Promise.all([10, 11, 12].map((i) => put(world, i)));
            expect(outcomes).toEqual(['stored', 'stored', 'stored']);
            for (const i of [10, 11, 12]) expectBytes(await world.read(keyOf(i)), chunkBytes(CHUNK_BYTES, i));
          },
          join(small.path, 'tier'),
        );
      } finally {
        small.unmount();
      }
    });
  });
});
