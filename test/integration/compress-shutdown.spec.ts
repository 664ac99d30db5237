import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom } from 'rxjs';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';
import { kvNumbers } from '../support/kv-numbers.js';

const BYTES = 3 * 2 ** 20;

describe('a server that ends while a chunk is decompressed', () => {
  let test: TestEngine;
  let closing: Promise<void> | undefined;
  const a = ChunkKey.of('a');

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
});
