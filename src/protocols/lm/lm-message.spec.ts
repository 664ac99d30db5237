import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { ELEMENT_TYPE_CODES } from '../remote-metadata/element-type.js';
import { MEMORY_FORMATS } from '../remote-metadata/memory-format.js';
import { binaryMetadata, type RemoteMetadata } from '../remote-metadata/remote-metadata.js';
import {
  decodeLmReply,
  decodeLmRequest,
  encodeLmReply,
  encodeLmRequest,
  LM_CODES,
  LM_COMMANDS,
  LM_REPLY_BYTES,
  LM_REQUEST_BYTES,
  NO_CHUNK,
} from './lm-message.js';

const { example, lmHeaders } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/chunk-metadata.json', import.meta.url), 'utf8'),
) as {
  example: { lengthBytes: number; shape: number[] };
  lmHeaders: Record<'put' | 'get' | 'found' | 'missed', string>;
};
const KEY = 'Qwen/Qwen3-8B@1@0@1ed603bd@bfloat16';
const CHUNK: RemoteMetadata = {
  lengthBytes: example.lengthBytes,
  format: MEMORY_FORMATS.KV_2LTD,
  groups: [{ dtype: ELEMENT_TYPE_CODES.bfloat16, shape: example.shape }],
};

describe('lm:// headers', () => {
  it.each([
    ['PUT', LM_COMMANDS.PUT, CHUNK, lmHeaders.put],
    ['GET', LM_COMMANDS.GET, NO_CHUNK, lmHeaders.get],
  ] as const)('are those that LMCache sends: %s', (_, command, metadata, expected) => {
    const bytes = encodeLmRequest(command, KEY, metadata);
    expect(bytes).toHaveLength(LM_REQUEST_BYTES);
    expect(bytes.toString('hex', 0, 36)).toBe(expected);
    expect(bytes.toString('utf8', 36)).toBe(KEY.padEnd(150));
    expect(decodeLmRequest(bytes)).toEqual({ command, key: Buffer.from(KEY), metadata });
  });

  it.each([
    ['a hit', LM_CODES.SUCCESS, CHUNK, lmHeaders.found],
    ['a miss', LM_CODES.FAIL, NO_CHUNK, lmHeaders.missed],
  ] as const)('are those that LMCache answers: %s', (_, code, metadata, expected) => {
    const bytes = encodeLmReply(code, metadata);
    expect(bytes).toHaveLength(LM_REPLY_BYTES);
    expect(bytes.toString('hex')).toBe(expected);
    expect(decodeLmReply(bytes)).toEqual({ code, metadata });
  });

  it('carry shapes of fewer dimensions, and bytes without any', () => {
    for (const metadata of [{ ...CHUNK, groups: [{ dtype: 8, shape: [3, 5] }] }, binaryMetadata(77)]) {
      expect(decodeLmReply(encodeLmReply(200, metadata))).toEqual({ code: 200, metadata });
      expect(decodeLmRequest(encodeLmRequest(1, KEY, metadata))).toMatchObject({ metadata });
    }
  });

  it('have room for one group', () => {
    const groups = [...CHUNK.groups, ...CHUNK.groups];
    for (const encode of [
      () => encodeLmReply(200, { ...CHUNK, groups }),
      () => encodeLmRequest(1, KEY, { ...CHUNK, groups }),
    ]) {
      expect(encode).toThrow(expect.objectContaining({ code: 'KV_INPUT_METADATA' }));
    }
  });

  it.each(['', ' a', 'a ', '\ta', 'a\u0085', 'a\u00a0', 'k'.repeat(151), 'ж'.repeat(76)])(
    'refuse the key %j, which would not come back as it is',
    (key) => {
      expect(() => encodeLmRequest(2, key)).toThrow(expect.objectContaining({ code: 'KV_INPUT_LM_KEY' }));
    },
  );

  it.each(['k', 'k'.repeat(150), 'a b', 'модель@1', 'ж'.repeat(75)])('take the key %j', (key) => {
    expect(decodeLmRequest(encodeLmRequest(2, key))).toMatchObject({ key: Buffer.from(key) });
  });

  it('have an empty key where only spaces stand', () => {
    const bytes = encodeLmRequest(5, 'k').fill(' ', 36);
    expect(decodeLmRequest(bytes)).toMatchObject({ command: 5, key: Buffer.alloc(0) });
  });

  it.each([
    ['command', 0, 0],
    ['command', 0, 6],
    ['length', 4, -1],
    ['format', 8, -1],
    ['dtype', 12, -5],
    ['shape', 20, -1],
    ['shape', 32, -2_147_483_648],
  ])('are refused by a server with a bad %s', (what, offset, value) => {
    const bytes = encodeLmRequest(1, KEY, CHUNK);
    bytes.writeInt32LE(value, offset);
    expect(decodeLmRequest(bytes)).toContain(what);
  });

  it.each([
    ['code', 0, 404],
    ['length', 4, -1],
    ['format', 8, -1],
    ['dtype', 12, -5],
    ['shape', 16, -1],
  ])('are refused by a client with a bad %s', (what, offset, value) => {
    const bytes = encodeLmReply(200, CHUNK);
    bytes.writeInt32LE(value, offset);
    expect(decodeLmReply(bytes)).toContain(what);
  });
});
