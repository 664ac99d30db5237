import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskBackend } from '../../src/backends/disk/disk.backend.js';
import { lruPolicy } from '../../src/modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ManualClock } from '../support/clock.js';
import { createTestEngine, get, put, type TestEngine } from '../support/engine.js';
import { RecordingLogger } from '../support/recording-logger.js';

const MIB = 2 ** 20;
const key = ChunkKey.of('a');
const bytes = Buffer.alloc(MIB, 7);

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'kvnest-safety-'));
});

afterEach(() => rm(path, { recursive: true, force: true }));

describe('a chunk that memory no longer has, while it is read from disk', () => {
  let clock: ManualClock;
  let test: TestEngine;

  beforeEach(async () => {
    clock = new ManualClock();
    test = await createTestEngine({
      clock,
      tiers: (parts) => [
        new DiskBackend({
          ...parts,
          name: 'disk',
          path,
          capacityBytes: 16 * MIB,
          policy: lruPolicy,
          logger: new RecordingLogger(),
        }),
      ],
    });
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

  it('expires at the time that was set meanwhile', async () => {
    const read = get(test, key);
    expect(await test.engine.expire(key, clock.nowMs() + 1000)).toBe(true);
    expect(await read).toEqual(bytes);
    clock.advance(1000);
    expect(await test.engine.exists([key])).toEqual([undefined]);
  });
});
