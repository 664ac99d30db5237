import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { formatEngineKey } from '../../../src/protocols/chunk-key/engine-key.js';
import { packKvRank, unpackKvRank } from '../../../src/protocols/chunk-key/kv-rank.js';
import { formatObjectKey } from '../../../src/protocols/chunk-key/object-key.js';
import { splitPairKey } from '../../../src/protocols/chunk-key/pair-key.js';
import { parseChunkKey } from '../../../src/protocols/chunk-key/parse-chunk-key.js';
import { ELEMENT_TYPE_CODES } from '../../../src/protocols/remote-metadata/element-type.js';
import { MEMORY_FORMATS } from '../../../src/protocols/remote-metadata/memory-format.js';
import {
  describeRemoteMetadata,
  encodeRemoteMetadata,
  parseRemoteMetadata,
} from '../../../src/protocols/remote-metadata/remote-metadata.js';
import { CborChunkHash } from '../../../src/protocols/token-hash/cbor-chunk-hash.js';
import { createTokenHasher } from '../../../src/protocols/token-hash/token-hasher.js';
import { readTranscript } from '../../support/transcript.js';

interface HashChain {
  readonly what: string;
  readonly options: { hashAlgorithm: 'blake3' | 'sha256_cbor'; keyFormat: 'object'; hashSeed?: string };
  readonly noneHash: string;
  readonly chunkTokens: number;
  readonly firstToken: number;
  readonly hashes: string[];
}

interface CborDigest {
  readonly what: string;
  readonly previous: string;
  readonly tokens: number[];
  readonly extra: null | [];
  readonly digest: string;
}

const hashes = vector('token-hashes') as { chains: HashChain[]; cborDigests: CborDigest[] };
const keys = vector('chunk-keys') as {
  kvRanks: {
    worldSize: number;
    globalRank: number;
    localWorldSize: number;
    localRank: number;
    packed: string;
  }[];
  pairs: { key: string; half: string }[];
  engineKeys: { key: string; model: string; worldSize: number; workerId: number; dtype: string }[];
  objectKeys: { key: string; model: string; kvRank: string }[];
};
const chunk = vector('chunk-metadata') as {
  example: { lengthBytes: number; format: 'KV_2LTD'; dtype: 'bfloat16'; shape: number[] };
  remoteMetadata: string;
  lmHeaders: Record<'put' | 'get' | 'found' | 'missed', string>;
};

function vector(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8'));
}

describe('token hashes', () => {
  it.each(hashes.chains)(
    '$what',
    async ({ options, noneHash, chunkTokens, firstToken, hashes: expected }) => {
      const hasher = await createTokenHasher({ hashSeed: undefined, ...options });
      const tokens = Uint32Array.from({ length: expected.length * chunkTokens }, (_, i) => firstToken + i);
      expect(hasher.noneHash.toString('hex')).toBe(noneHash);
      expect(hasher.chain(tokens, chunkTokens).map((hash) => hash.toString('hex'))).toEqual(expected);
    },
  );

  it.each(hashes.cborDigests)('sha256_cbor, $what', ({ previous, tokens, extra, digest }) => {
    const hash = new CborChunkHash({ extra: extra === null ? 'null' : 'empty', foldedPrevious: false });
    expect(
      hash.digest(Buffer.from(previous, 'hex'), Uint32Array.from(tokens), 0, tokens.length).toString('hex'),
    ).toBe(digest);
  });
});

describe('chunk keys', () => {
  it.each(keys.kvRanks)('kv_rank $packed', ({ packed, ...rank }) => {
    expect(packKvRank(rank).toString(16).padStart(8, '0')).toBe(packed);
    expect(unpackKvRank(Number.parseInt(packed, 16))).toEqual(rank);
  });

  it.each(keys.engineKeys)('$key', ({ key, ...fields }) => {
    const parsed = parseChunkKey(key);
    if (parsed?.kind !== 'engine') throw new Error(`${key} is no engine key`);
    expect(parsed).toMatchObject(fields);
    expect(formatEngineKey(parsed)).toBe(key);
  });

  it.each(keys.objectKeys)('$key', ({ key, kvRank, ...fields }) => {
    const parsed = parseChunkKey(key);
    if (parsed?.kind !== 'object') throw new Error(`${key} is no object key`);
    expect(parsed).toMatchObject(fields);
    expect(packKvRank(parsed.kvRank)).toBe(Number.parseInt(kvRank, 16));
    expect(formatObjectKey(parsed)).toBe(key);
  });

  it.each(keys.pairs)('$key is one half of a pair', ({ key, half }) => {
    const pair = splitPairKey(Buffer.from(key));
    expect(pair?.half).toBe(half);
    expect(parseChunkKey(pair!.stem.toString())).toMatchObject({ kind: 'engine', dtype: 'bfloat16' });
  });
});

describe('chunk metadata', () => {
  const { lengthBytes, format, dtype, shape } = chunk.example;
  const metadata = {
    lengthBytes,
    format: MEMORY_FORMATS[format],
    groups: [{ dtype: ELEMENT_TYPE_CODES[dtype], shape }],
  };

  it('is the struct that LMCache writes', () => {
    expect(encodeRemoteMetadata(metadata).toString('hex')).toBe(chunk.remoteMetadata);
    expect(parseRemoteMetadata(Buffer.from(chunk.remoteMetadata, 'hex'))).toEqual(metadata);
    expect(describeRemoteMetadata(metadata)).toEqual({ lengthBytes, format, groups: [{ dtype, shape }] });
  });

  it('has the numbers that stand in the headers of lm://', () => {
    const common = [lengthBytes, metadata.format, ELEMENT_TYPE_CODES[dtype]];
    expect(integers(chunk.lmHeaders.put)).toEqual([1, ...common, 0, ...shape]);
    expect(integers(chunk.lmHeaders.found)).toEqual([200, ...common, ...shape, 0]);
    const unknown = [0, MEMORY_FORMATS.KV_2LTD, ELEMENT_TYPE_CODES.float16, 0, 0, 0, 0, 0];
    expect(integers(chunk.lmHeaders.get)).toEqual([2, ...unknown]);
    expect(integers(chunk.lmHeaders.missed)).toEqual([400, ...unknown]);
  });
});

describe('lmcache-lm-transcript', () => {
  const headers = readTranscript('lmcache-lm-transcript').flatMap(({ d, x, m }) => {
    const head = (m as unknown as { head?: Record<string, number | string> }).head;
    return head === undefined ? [] : [{ direction: d, bytes: Buffer.from(x, 'hex'), head }];
  });

  it('has headers of 186 and 36 bytes, integers in the documented order', () => {
    expect(headers).toHaveLength(14);
    for (const { direction, bytes, head } of headers) {
      const { key, ...numbers } = head;
      expect(bytes).toHaveLength(direction === '>' ? 186 : 36);
      expect(integers(bytes.toString('hex', 0, 36))).toEqual(Object.values(numbers));
      expect(bytes.toString('utf8', 36)).toBe(key ?? '');
    }
  });

  it('has keys that are understood', () => {
    const texts = headers.flatMap(({ head }) => (typeof head['key'] === 'string' ? [head['key']] : []));
    for (const text of texts) expect(parseChunkKey(text.trimEnd())).toMatchObject({ kind: 'engine' });
    expect(texts).toHaveLength(8);
  });
});

function integers(hex: string): number[] {
  const bytes = Buffer.from(hex, 'hex');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readInt32LE(4 * i));
}
