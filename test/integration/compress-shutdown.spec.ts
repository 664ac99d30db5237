import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';
import { kvNumbers } from '../support/kv-numbers.js';
import { RecordingLogger } from '../support/recording-logger.js';

const BYTES = 3 * 2 ** 20;

const nextTurn = (): Promise<unknown> => new Promise(setImmediate);

describe('a server that ends while a chunk is decompressed', () => {
  let test: TestEngine;
  let closing: Promise<void> | undefined;
  const keys = ['a', 'b', 'c'].map((name) => ChunkKey.of(name));
  const a = keys[0]!;

  beforeEach(async () => {
    closing = undefined;
    test = await createTestEngine();
    await put(test, a, kvNumbers(BYTES, 1));
    const done = await lastValueFrom(test.engine.compress([a], { tier: 'memory', codec: 'zstd' }));
    expect(done.compressed).toBe(1);
  });
  afterEach(() => closing ?? test.close());

  it('waits for the chunk in its place', async () => {
    const tier = test.stack.tiers[0]!;
    const recoded = test.stack.recode(a, { tier, codec: undefined, type: undefined });
    await (closing = test.close());
    expect(await recoded).toMatchObject({ outcome: 'recoded', bytesAfter: BYTES });
  });

  it('waits for the one that a reader asked for', async () => {
    const read = test.stack.read(a);
    await (closing = test.close());
    expect(await read).toBeInstanceOf(Object);
  });

  it('waits for what its disk still read for one, however far that was', async () => {
    const path = await mkdtemp(join(tmpdir(), 'kvnest-compress-'));
    const policies = { policy: lruPolicy, logger: new RecordingLogger() };
    const disk = { ...policies, name: 'disk', path, capacityBytes: 32 * 2 ** 20 };
    for (let turns = 0; turns < 6; turns++) {
      const other = await createTestEngine({ tiers: (parts) => [new DiskBackend({ ...parts, ...disk })] });
      for (const key of keys) await put(other, key, kvNumbers(BYTES, 1), { ack: 'all' });
      await lastValueFrom(other.engine.compress(keys, { tier: 'disk', codec: 'zstd' }));
      for (const key of keys) await other.stack.tiers[0]!.backend.remove(key);
      const reads = keys.map(async (key) => await other.stack.read(key));
      for (let turn = 0; turn < turns; turn++) await nextTurn();
      await other.close();
      expect([turns, ...(await Promise.all(reads))]).toEqual([turns, ...keys.map(() => expect.any(Object))]);
    }
    await rm(path, { recursive: true });
  });
});
