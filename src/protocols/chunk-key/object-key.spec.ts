import { describe, expect, it } from '@jest/globals';
import { formatObjectKey, type ObjectKeyFields, parseObjectKey } from './object-key.js';
import { parseChunkKey } from './parse-chunk-key.js';

const KV_RANK = { worldSize: 8, globalRank: 3, localWorldSize: 8, localRank: 3 };
const HASH = '00'.repeat(31) + '07';
const FIELDS: ObjectKeyFields = { model: 'tiny/model', kvRank: KV_RANK, chunkHash: Buffer.from(HASH, 'hex') };

describe('formatObjectKey', () => {
  it('writes the whole hash and no empty salt', () => {
    expect(formatObjectKey({ ...FIELDS, cacheSalt: '' })).toBe(`tiny/model@08030803@0@${HASH}`);
  });

  it('writes group and salt', () => {
    expect(formatObjectKey({ ...FIELDS, objectGroupId: 255, cacheSalt: 'bob' })).toBe(
      `tiny/model@08030803@ff@${HASH}@bob`,
    );
  });

  it.each([
    [0x01000100, '01000100'],
    [0, '00000000'],
    [0xffffffff, 'ffffffff'],
    [{ worldSize: 255, globalRank: 255, localWorldSize: 255, localRank: 255 }, 'ffffffff'],
  ])('packs the rank %j', (kvRank, text) => {
    expect(formatObjectKey({ ...FIELDS, kvRank })).toContain(`@${text}@`);
  });

  it('counts the characters of a salt, not its bytes', () => {
    expect(() => formatObjectKey({ ...FIELDS, cacheSalt: '\u{1f511}'.repeat(128) })).not.toThrow();
    expect(() => formatObjectKey({ ...FIELDS, cacheSalt: '\u{1f511}'.repeat(129) })).toThrow(
      expect.objectContaining({ code: 'KV_INPUT_SALT' }),
    );
  });

  it.each([
    ['KV_INPUT_MODEL', { model: 'a@b' }],
    ['KV_INPUT_MODEL', { model: '' }],
    ['KV_INPUT_RANK', { kvRank: { ...KV_RANK, localRank: 256 } }],
    ['KV_INPUT_RANK', { kvRank: { ...KV_RANK, worldSize: -1 } }],
    ['KV_INPUT_RANK', { kvRank: 2 ** 32 }],
    ['KV_INPUT_GROUP', { objectGroupId: -1 }],
    ['KV_INPUT_HASH', { chunkHash: Buffer.alloc(0) }],
    ['KV_INPUT_HASH', { chunkHash: Buffer.alloc(65) }],
    ['KV_INPUT_SALT', { cacheSalt: 'a@b' }],
    ['KV_INPUT_SALT', { cacheSalt: 'a/b' }],
    ['KV_INPUT_SALT', { cacheSalt: 'a\\b' }],
    ['KV_INPUT_SALT', { cacheSalt: 'a\0b' }],
    ['KV_INPUT_SALT', { cacheSalt: '\udc00' }],
    ['KV_INPUT_SALT', { cacheSalt: 'a'.repeat(129) }],
    ['KV_INPUT_KEY_TOO_LONG', { model: 'm'.repeat(4096) }],
  ] as const)('refuses with %s: %j', (code, fields) => {
    expect(() => formatObjectKey({ ...FIELDS, ...fields })).toThrow(expect.objectContaining({ code }));
  });
});

describe('parseObjectKey', () => {
  it('reads back what was written', () => {
    const fields = { ...FIELDS, objectGroupId: 10, cacheSalt: 'bob' };
    expect(parseObjectKey(formatObjectKey(fields))).toEqual({ kind: 'object', prefix: '', ...fields });
  });

  it('reads a prefix', () => {
    expect(parseObjectKey(`site@tiny/model@08030803@0@${HASH}@bob`)).toMatchObject({
      prefix: 'site',
      model: 'tiny/model',
      cacheSalt: 'bob',
    });
  });

  it('prefers to read no prefix', () => {
    expect(parseObjectKey('m@aaaaaaaa@bbbbbbbb@cc@dd')).toMatchObject({
      prefix: '',
      model: 'm',
      cacheSalt: 'dd',
    });
  });

  it.each([
    '',
    'plain',
    'm@01000100@0',
    `m@1000100@0@${HASH}`,
    `m@01000100@00@${HASH}`,
    'm@01000100@0@abc',
    '@@@@',
  ])('refuses %j', (text) => {
    expect(parseObjectKey(text)).toBeUndefined();
  });
});

describe('parseChunkKey', () => {
  it('tells the two forms apart', () => {
    expect(parseChunkKey(`m@01000100@0@${HASH}@bfloat16`)?.kind).toBe('object');
    expect(parseChunkKey('m@1@0@abcdef01@bfloat16')?.kind).toBe('engine');
    expect(parseChunkKey('plain')).toBeUndefined();
  });
});
