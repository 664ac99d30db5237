import { expect, it } from '@jest/globals';
import { ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import { type PrefixChunk } from '../cache-engine.interface.js';
import { locateInTurns } from './locate-in-turns.js';

const CHUNKS: readonly PrefixChunk[] = Array.from({ length: 10_000 }, (_, index) => ({
  ...{ index, startToken: index, tokens: 1 },
  ...{ key: ChunkKey.of(`key ${index}`), parent: undefined },
}));

it.each([
  [10_000, 10_000, [4096, 4096, 1808]],
  [10_000, 8192, [4096, 4096, 1808]],
  [10_000, 5000, [4096, 4096]],
  [10_000, 4095, [4096]],
  [10_000, 0, [4096]],
  [8192, 8192, [4096, 4096]],
  [4096, 4096, [4096]],
  [0, 0, []],
])(
  'of a prefix of %i finds the first %i, part by part, and asks for nothing behind them',
  async (all, there, parts) => {
    const asked: number[] = [];
    let at = 0;
    const stack = {
      locatePrefix: (keys: readonly ChunkKey[]) => {
        asked.push(keys.length);
        expect(keys[0]).toBe(CHUNKS[at]?.key);
        const hits = keys.slice(0, Math.max(0, there - at));
        at += keys.length;
        return Promise.resolve(hits.map((key) => ({ key, tier: `tier of ${String(key)}` })));
      },
    };
    const found = await locateInTurns(stack, CHUNKS.slice(0, all), {});
    expect(asked).toEqual(parts);
    expect(found).toHaveLength(there);
    found.forEach((chunk, index) => {
      if (chunk.index !== index || chunk.tier !== `tier of key ${index}`)
        throw new Error(`not chunk ${index}`);
    });
  },
);
