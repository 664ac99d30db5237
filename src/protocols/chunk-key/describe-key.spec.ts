import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from './chunk-key.js';
import { describeKey } from './describe-key.js';
import { splitPairKey } from './pair-key.js';

const HASH = '07'.repeat(32);

describe('describeKey', () => {
  it.each([
    [`tiny/model@01000100@0@${HASH}`, 'tiny/model', ''],
    [`tiny/model@01000100@0@${HASH}@bob`, 'tiny/model', 'bob'],
    [`site@tiny/model@01000100@0@${HASH}@bob`, 'tiny/model', 'bob'],
    ['modèle@1@0@ab@half', 'modèle', ''],
    ['m@1@0@ab@half@user%bob@x%y', 'm', 'user%bob@x%y'],
    ['m@1@0@ab@half@3@cache_salt%bob', 'm', 'bob'],
    ['m@1@0@ab@half@cache_salt%bob@x%y', 'm', 'cache_salt%bob@x%y'],
    ['vllm@m@1@0@ab@half', 'm', ''],
    ['any key at all', '', ''],
    ['', '', ''],
  ])('%s', (text, model, tenant) => {
    expect(describeKey(ChunkKey.of(text))).toEqual({ model, tenant });
  });

  it('never throws on bytes that are no text', () => {
    expect(describeKey(new ChunkKey(Buffer.from('ff40ff40', 'hex')))).toEqual({ model: '', tenant: '' });
  });
});

describe('splitPairKey', () => {
  const stem = 'm@1@0@ab@half';

  it.each(['metadata', 'kv_bytes'] as const)('finds the stem before %s without copying it', (half) => {
    const bytes = Buffer.from(`${stem}${half}`);
    const pair = splitPairKey(bytes);
    expect(pair).toEqual({ stem: Buffer.from(stem), half });
    expect(pair?.stem.buffer).toBe(bytes.buffer);
  });

  it.each([
    '',
    'metadata',
    '@@@metadata',
    'm@1@0@abmetadata',
    stem,
    `${stem}Metadata`,
    `${stem}metadat`,
    `${stem}kv_bytez`,
    `${stem}kv_bytes `,
  ])('takes %j for a plain key', (text) => {
    expect(splitPairKey(Buffer.from(text))).toBeUndefined();
  });

  it('needs four @ in front, wherever they are', () => {
    expect(splitPairKey(Buffer.from('@@@@metadata'))?.stem.toString()).toBe('@@@@');
  });
});
