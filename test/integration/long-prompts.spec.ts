import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { type PrefixRequest } from '../../src/modules/engine/cache-engine.interface.js';
import { createTestEngine, put, type TestEngine } from '../support/engine.js';

/** Hashed in one turn of the event loop. */
const TURN_TOKENS = 65_536;
const TURNS = 8;
const HIT_CHUNKS = 3;

/** How many turns the event loop made meanwhile. */
async function turnsOf(work: () => unknown): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isOver = true;
  return turns;
}

describe('a prompt of very many tokens', () => {
  let test: TestEngine;
  let request: PrefixRequest;

  beforeEach(async () => {
    test = await createTestEngine();
    request = { model: 'm', tokens: Uint32Array.from({ length: TURNS * TURN_TOKENS }, (_, i) => i % 50_000) };
    for (const { key } of test.engine.chunks(request).slice(0, HIT_CHUNKS)) {
      await put(test, key, Buffer.from(String(key)));
    }
  });
  afterEach(() => test.close());

  it.each([
    ['lookup', () => test.engine.lookup(request), { hitTokens: HIT_CHUNKS * 256 }],
    ['chunksInTurns', async () => (await test.engine.chunksInTurns(request)).length, 2048],
    ['prefetch', () => lastValueFrom(test.engine.prefetch(request)), { state: 'done', total: 2048 }],
    [
      'compress',
      // What it does with the chunks takes turns of its own.
      () => firstValueFrom(test.engine.compress(request, { tier: 'memory', codec: 'zstd' })),
      { state: 'compressing', total: 2048 },
    ],
    ['unpinPrefix', () => test.engine.unpinPrefix(request), 0],
    ['removePrefix', () => test.engine.removePrefix(request), HIT_CHUNKS],
  ] as const)('is hashed by %s in as many turns as it is long', async (_, work, expected) => {
    let result: unknown;
    const turns = await turnsOf(async () => (result = await work()));
    if (typeof expected === 'object') expect(result).toMatchObject(expected);
    else expect(result).toBe(expected);
    expect(turns).toBeGreaterThanOrEqual(TURNS - 1);
  });

  it('is retrieved as a short one is, and given up while it is hashed', async () => {
    let found: readonly string[] = [];
    const turns = await turnsOf(async () => {
      const chunks = await lastValueFrom(test.engine.retrieve(request).pipe(toArray()));
      found = chunks.map(({ key, handle }) => {
        using held = handle;
        return Buffer.concat(held.views).toString() === String(key) ? 'same' : 'other';
      });
    });
    expect(found).toEqual(Array(HIT_CHUNKS).fill('same'));
    expect(turns).toBeGreaterThanOrEqual(TURNS - 1);
    const before = test.engine.status().arena.references;
    let isTold = false;
    const given = test.engine.retrieve(request).subscribe(() => (isTold = true));
    given.unsubscribe();
    await turnsOf(() => test.engine.chunksInTurns(request));
    expect([isTold, test.engine.status().arena.references]).toEqual([false, before]);
  });

  it('is refused at once for options that are wrong', () => {
    const compress = (): unknown => test.engine.compress(request, { tier: 'none', codec: 'zstd' });
    expect(compress).toThrow(expect.objectContaining({ code: 'KV_COMPRESS_OPTIONS' }));
    const prefetch = (): unknown => test.engine.prefetch(request, { priority: -1e9 });
    expect(prefetch).toThrow(expect.objectContaining({ code: expect.stringMatching(/^KV_/) }));
  });
});
