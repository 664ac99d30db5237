import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createTokenHasher, type TokenHasherOptions } from './token-hasher.js';

const TOKENS = Uint32Array.from({ length: 10 }, (_, i) => i);

function hasher(options: Partial<TokenHasherOptions> = {}): ReturnType<typeof createTokenHasher> {
  return createTokenHasher({
    hashAlgorithm: 'sha256_cbor',
    keyFormat: 'object',
    hashSeed: undefined,
    ...options,
  });
}

function sha256(hex: string): string {
  return createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
}

function hex(hashes: readonly Buffer[]): string[] {
  return hashes.map((hash) => hash.toString('hex'));
}

describe('createTokenHasher', () => {
  it.each([
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_535, '19ffff'],
    [65_536, '1a00010000'],
    [4_294_967_295, '1affffffff'],
  ])('writes token %d as CBOR %s', async (token, cbor) => {
    const { noneHash, chain } = await bound(hasher());
    expect(hex(chain(Uint32Array.of(token), 1))).toEqual([
      sha256(`835820${noneHash.toString('hex')}81${cbor}f6`),
    ]);
  });

  it.each([
    [23, '97'],
    [24, '9818'],
    [255, '98ff'],
    [256, '990100'],
  ])('writes the length of a chunk of %d tokens as CBOR %s', async (tokens, cbor) => {
    const { noneHash, chain } = await bound(hasher());
    const body = `835820${noneHash.toString('hex')}${cbor}${'00'.repeat(tokens)}f6`;
    expect(hex(chain(new Uint32Array(tokens), tokens))).toEqual([sha256(body)]);
  });

  it('folds every hash in key format engine before it enters the chain', async () => {
    const { noneHash, chain } = await bound(hasher({ keyFormat: 'engine', hashSeed: '0' }));
    expect(noneHash.toString('hex')).toBe(sha256('6130').slice(0, 16));
    const first = sha256(`831b${noneHash.toString('hex')}820001` + '80').slice(0, 16);
    const second = sha256(`831b${first}820203` + '80').slice(0, 16);
    expect(hex(chain(TOKENS.subarray(0, 4), 2))).toEqual([first, second]);
  });

  it('reads tokens that do not begin their memory', async () => {
    const part = TOKENS.subarray(4, 8);
    for (const hashAlgorithm of ['blake3', 'sha256_cbor'] as const) {
      const { chain } = await bound(hasher({ hashAlgorithm }));
      expect(hex(chain(part, 2))).toEqual(hex(chain(Uint32Array.from(part), 2)));
    }
  });

  it.each(['blake3', 'sha256_cbor'] as const)(
    'with %s, hashes depend on all tokens before',
    async (hashAlgorithm) => {
      const { chain } = await bound(hasher({ hashAlgorithm }));
      const whole = chain(TOKENS, 2);
      expect(hex(chain(TOKENS.subarray(0, 4), 2))).toEqual(hex(whole.slice(0, 2)));
      const changed = Uint32Array.from(TOKENS);
      changed[3] = 99;
      const other = chain(changed, 2);
      expect(other[0]).toEqual(whole[0]);
      for (let i = 1; i < 5; i++) expect(other[i]).not.toEqual(whole[i]);
    },
  );

  it.each(['blake3', 'sha256_cbor'] as const)(
    'with %s, returns hashes that later calls leave alone',
    async (name) => {
      const { chain } = await bound(hasher({ hashAlgorithm: name }));
      const hashes = chain(TOKENS, 2);
      const before = hex(hashes);
      chain(Uint32Array.of(1, 2, 3), 1);
      expect(hex(hashes)).toEqual(before);
    },
  );

  it('hashes the rest of the tokens only when asked', async () => {
    const { chain } = await bound(hasher({ hashAlgorithm: 'blake3' }));
    expect(chain(TOKENS, 4)).toHaveLength(2);
    expect(chain(TOKENS, 4, { partial: true })).toHaveLength(3);
    expect(chain(TOKENS.subarray(0, 3), 4)).toEqual([]);
    expect(chain(new Uint32Array(0), 4, { partial: true })).toEqual([]);
  });

  it('starts from the seed with sha256_cbor, and from one value with blake3', async () => {
    const start = async (options: Partial<TokenHasherOptions>): Promise<string> =>
      (await hasher(options)).noneHash.toString('hex');
    expect(await start({ hashSeed: '1' })).not.toBe(await start({ hashSeed: '2' }));
    expect(await start({ hashSeed: '1' })).toBe(await start({ hashSeed: '1' }));
    expect(await start({ hashAlgorithm: 'blake3', hashSeed: '1' })).toBe(
      await start({ hashAlgorithm: 'blake3' }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses chunks of %d tokens', async (chunkTokens) => {
    const { chain } = await bound(hasher());
    expect(() => chain(TOKENS, chunkTokens)).toThrow(
      expect.objectContaining({ code: 'KV_INPUT_CHUNK_TOKENS' }),
    );
  });
});

interface Bound {
  readonly noneHash: Buffer;
  readonly chain: (tokens: Uint32Array, chunkTokens: number, options?: { partial: boolean }) => Buffer[];
}

async function bound(pending: ReturnType<typeof createTokenHasher>): Promise<Bound> {
  const made = await pending;
  return { noneHash: made.noneHash, chain: (...args) => made.chain(...args) };
}
