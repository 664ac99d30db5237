import { describe, expect, it } from '@jest/globals';
import { createTokenHasher } from '../../../protocols/token-hash/token-hasher.js';
import { type PrefixChunk } from '../cache-engine.interface.js';
import { PrefixChunker } from './prefix-chunker.js';

const IDENTITY = { model: 'm' };

async function chunker(chunkTokens: number, savePartialChunks: boolean): Promise<PrefixChunker> {
  const config = { chunkTokens, keyFormat: 'object', savePartialChunks } as const;
  const options = { hashAlgorithm: 'sha256_cbor', keyFormat: 'object', hashSeed: undefined } as const;
  return new PrefixChunker(config, await createTokenHasher(options));
}

function readable(chunks: readonly PrefixChunk[]): readonly object[] {
  return chunks.map(({ key, parent, ...place }) => ({ ...place, key: String(key), parent: String(parent) }));
}

describe('PrefixChunker', () => {
  it.each([
    [256, false, 200_000],
    [256, true, 200_000],
    [256, true, 3 * 65_536],
    [1000, true, 131_001],
    [100_000, false, 250_000],
  ])(
    'gives the same chunks in turns as at once: chunks of %i tokens, partial %s, of %i tokens',
    async (chunkTokens, partial, count) => {
      const one = await chunker(chunkTokens, partial);
      const request = { ...IDENTITY, tokens: Uint32Array.from({ length: count }, (_, i) => i) };
      const inTurns = one.chunksInTurns(request);
      expect(inTurns).toBeInstanceOf(Promise);
      const chunks = await inTurns;
      expect(readable(chunks)).toEqual(readable(one.chunks(request)));
      expect(one.chunkCount(count)).toBe(chunks.length);
    },
  );

  it('lets others have their turn for every 64 Ki tokens', async () => {
    const one = await chunker(256, false);
    let turns = 0;
    let isDone = false;
    const others = (): void => {
      turns++;
      if (!isDone) setImmediate(others);
    };
    setImmediate(others);
    await one.chunksInTurns({ ...IDENTITY, tokens: new Uint32Array(8 * 65_536) });
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(7);
  });

  it('refuses an identity that makes no key at once, however many the tokens', async () => {
    const one = await chunker(256, false);
    for (const count of [0, 200_000]) {
      const refuse = (): unknown =>
        one.chunksInTurns({ model: 'a@b', cacheSalt: '@', tokens: new Uint32Array(count + 256) });
      expect(refuse).toThrow(expect.objectContaining({ code: expect.stringMatching(/^KV_/) }));
    }
  });

  it('cuts few tokens at once', async () => {
    const one = await chunker(256, false);
    expect(one.chunksInTurns({ ...IDENTITY, tokens: new Uint32Array(65_536) })).toHaveLength(256);
  });
});
