import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { kvNumbers, worstError } from '../support/kv-numbers.js';
import { RecordingLogger } from '../support/recording-logger.js';

const MIB = 2 ** 20;
const TIERS = ['memory', 'disk'];
const NAMES = ['k', 'k'.repeat(1000), 'n'.repeat(4000)];

describe('chunks of odd kinds, compressed and decompressed', () => {
  let path: string;
  let test: TestEngine;

  const open = (): Promise<TestEngine> =>
    createTestEngine({
      arenaBytes: 192 * MIB,
      tiers: (parts) => [
        new DiskBackend({
          ...parts,
          ...{ name: 'disk', path, capacityBytes: 128 * MIB },
          ...{ policy: lruPolicy, logger: new RecordingLogger() },
        }),
      ],
    });

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'kvnest-compress-'));
    test = await open();
  });

  afterEach(async () => {
    await test.engine.settled();
    expect(test.arena.usage().references).toBe(0);
    await test.close();
    await rm(path, { recursive: true });
  });

  async function read(key: ChunkKey, tier: string): Promise<Buffer | undefined> {
    if (tier === 'disk') await test.stack.tiers[0]!.backend.remove(key);
    return get(test, key);
  }

  it.each([0, 1, 2, 3, 1023, 1024, 1025, 4097, 64 * 1024 - 1, 64 * 1024 + 2, 512 * 1024 + 1, 3 * MIB + 1])(
    'of %i bytes come back as they were put, also after a restart',
    async (lengthBytes) => {
      const metadata = Buffer.alloc(1024, 'm');
      for (const [index, name] of NAMES.entries()) {
        const key = ChunkKey.of(name);
        const value = kvNumbers(lengthBytes, index);
        await put(test, key, value, { ack: 'all', metadata });
        for (const tier of TIERS) {
          for (let round = 0; round < 2; round++) {
            await lastValueFrom(test.engine.compress([key], { tier, codec: 'zstd' }));
            expect((await read(key, tier))?.equals(value)).toBe(true);
            await lastValueFrom(test.engine.decompress([key], { tier }));
            expect((await read(key, tier))?.equals(value)).toBe(true);
          }
          await lastValueFrom(test.engine.compress([key], { tier, codec: 'zstd' }));
        }
      }
      await test.close();
      test = await open();
      for (const [index, name] of NAMES.entries()) {
        using handle = (await test.engine.get(ChunkKey.of(name)))!;
        expect(Buffer.concat(handle.views).equals(kvNumbers(lengthBytes, index))).toBe(true);
        expect(handle.metadata.equals(metadata)).toBe(true);
      }
    },
  );

  it.each([1, 1023, 1024, 1025, 1026, 64 * 1024 + 1, 64 * 1024 + 2, MIB + 254])(
    'of %i bytes keep to the error of a lossy codec, or stay as they are',
    async (lengthBytes) => {
      const key = ChunkKey.of('lossy');
      const value = kvNumbers(lengthBytes, 4);
      await put(test, key, value, { ack: 'all' });
      for (const tier of TIERS) {
        const end = await lastValueFrom(
          test.engine.compress([key], { tier, codec: 'int8', maxError: 0.008, dtype: 'bfloat16' }),
        );
        const fits = lengthBytes >= 1024 && lengthBytes % 2 === 0;
        expect(end).toMatchObject(fits ? { compressed: 1 } : { compressed: 0, kept: 1 });
        const restored = (await read(key, tier))!;
        if (!fits) expect(restored.equals(value)).toBe(true);
        expect(worstError(value, restored)).toBeLessThanOrEqual(0.008);
      }
    },
  );

  it('that look like encoded ones come back unchanged, compressed again and again, from both tiers, after a restart', async () => {
    const seed = ChunkKey.of('seed');
    let looks = kvNumbers(MIB, 5);
    const layers = [looks];
    for (let layer = 0; layer < 3; layer++) {
      await put(test, seed, looks, { ack: 'all' });
      const end = await lastValueFrom(test.engine.compress([seed], { tier: 'memory', codec: 'zstd' }));
      const handle = await test.stack.tiers[0]!.backend.inPlace!.peek(seed);
      if (typeof handle === 'string') throw new Error(handle);
      const bytes = Buffer.concat(handle.views);
      handle[Symbol.dispose]();
      expect(end.compressed).toBe(1);
      // What is added makes the next layer shrink, too.
      looks = Buffer.concat([bytes, Buffer.alloc(MIB / 2)]);
      layers.push(bytes, looks);
    }
    const unknown = Buffer.from(layers[1]!);
    unknown.writeUInt8(0xff, 9);
    const torn = layers[1]!.subarray(0, 40);
    const all = [...layers, unknown, torn];
    for (const [index, bytes] of all.entries()) {
      await put(test, ChunkKey.of(`layer${index}`), bytes, { ack: 'all' });
    }
    const keys = all.map((_, index) => ChunkKey.of(`layer${index}`));
    for (const tier of TIERS) {
      await lastValueFrom(test.engine.compress(keys, { tier, codec: 'zstd' }));
      for (const [index, key] of keys.entries())
        expect((await read(key, tier))?.equals(all[index]!)).toBe(true);
    }
    await test.close();
    test = await open();
    for (const [index, key] of keys.entries()) expect((await get(test, key))?.equals(all[index]!)).toBe(true);
    await lastValueFrom(test.engine.decompress(keys, { tier: 'disk' }));
    for (const [index, key] of keys.entries())
      expect((await read(key, 'disk'))?.equals(all[index]!)).toBe(true);
  });
});
