import { describe, expect, it } from '@jest/globals';
import { type EngineKeyFields, formatEngineKey, parseEngineKey } from './engine-key.js';

const FIELDS: EngineKeyFields = {
  model: 'Qwen/Qwen3-8B',
  worldSize: 8,
  workerId: 3,
  chunkHash: 0x1ed603bd9c21cf09n,
  dtype: 'bfloat16',
};

describe('formatEngineKey', () => {
  it('writes model, world, worker, hash and dtype', () => {
    expect(formatEngineKey(FIELDS)).toBe('Qwen/Qwen3-8B@8@3@1ed603bd9c21cf09@bfloat16');
  });

  it.each([
    ['drops leading zeros', 0x0dn, 'd'],
    ['writes zero', 0n, '0'],
    ['writes a sign', -0x7fn, '-7f'],
    [
      'folds a digest to its first 8 bytes',
      Buffer.from('00ff01020304050699'.padEnd(64, '9'), 'hex'),
      'ff010203040506',
    ],
    ['takes a folded digest', Buffer.from('ffffffffffffffff', 'hex'), 'ffffffffffffffff'],
  ])('%s', (_, chunkHash, text) => {
    expect(formatEngineKey({ ...FIELDS, chunkHash })).toBe(`Qwen/Qwen3-8B@8@3@${text}@bfloat16`);
  });

  it('folds a digest that does not begin its memory', () => {
    const chunkHash = Buffer.from('aaaa0000000000000007', 'hex').subarray(2);
    expect(formatEngineKey({ ...FIELDS, chunkHash })).toContain('@7@');
  });

  it.each([
    ['float16', 'half'],
    ['float32', 'float'],
    ['float64', 'double'],
    ['float8_e4m3fn', 'fp8_e4m3fn'],
    ['half', 'half'],
    ['uint8', 'uint8'],
    ['fp8_e4m3', 'fp8_e4m3'],
  ])('writes dtype %s as %s', (dtype, text) => {
    expect(formatEngineKey({ ...FIELDS, dtype })).toMatch(new RegExp(`@${text}$`));
  });

  it('writes the layer before the tags', () => {
    const tags = [
      { name: 'user', value: 'bob' },
      { name: 'rate', value: '5%' },
    ];
    expect(formatEngineKey({ ...FIELDS, layer: 0, tags })).toMatch(/@bfloat16@0@user%bob@rate%5%$/);
  });

  it.each([
    ['KV_INPUT_MODEL', { model: '' }],
    ['KV_INPUT_MODEL', { model: '\ud800' }],
    ['KV_INPUT_RANK', { worldSize: -1 }],
    ['KV_INPUT_RANK', { workerId: 0.5 }],
    ['KV_INPUT_RANK', { workerId: 2 ** 32 }],
    ['KV_INPUT_HASH', { chunkHash: Buffer.alloc(7) }],
    ['KV_INPUT_DTYPE', { dtype: 'float12' }],
    ['KV_INPUT_DTYPE', { dtype: 'toString' }],
    ['KV_INPUT_LAYER', { layer: Number.NaN }],
    ['KV_INPUT_TAG', { tags: [{ name: 'a@b', value: '' }] }],
    ['KV_INPUT_TAG', { tags: [{ name: '', value: 'b' }] }],
    ['KV_INPUT_TAG', { tags: [{ name: 'a', value: 'b@c' }] }],
    ['KV_INPUT_KEY_TOO_LONG', { model: 'm'.repeat(4096) }],
  ] as const)('refuses with %s: %j', (code, fields) => {
    expect(() => formatEngineKey({ ...FIELDS, ...fields })).toThrow(expect.objectContaining({ code }));
  });
});

describe('parseEngineKey', () => {
  it('reads back what was written', () => {
    const fields = { ...FIELDS, layer: 7, tags: [{ name: 'user', value: 'a%b' }] };
    expect(parseEngineKey(formatEngineKey(fields))).toEqual({ kind: 'engine', legacy: false, ...fields });
  });

  it('reads the old form with its format in front', () => {
    expect(parseEngineKey('vllm@tiny/model@1@0@ab@fp8')).toMatchObject({
      legacy: true,
      model: 'tiny/model',
      dtype: 'fp8',
    });
  });

  it('takes a model called vllm for one', () => {
    expect(parseEngineKey('vllm@1@0@ab@half')).toMatchObject({ legacy: false, model: 'vllm' });
  });

  it.each([
    ['a model with @', '/models/llama@v2@1@0@ab@half', { model: '/models/llama@v2' }],
    ['a dtype of the future', 'm@1@0@ab@fp4', { dtype: 'fp4' }],
    ['a tag without value', 'm@1@0@ab@half@user', { tags: [{ name: 'user', value: '' }] }],
    ['a hash in upper case', 'm@1@0@AB@half', { chunkHash: 0xabn }],
    ['a negative hash', 'm@1@0@-7f@half', { chunkHash: -0x7fn }],
    ['a long hash', `m@1@0@${'f'.repeat(63)}@half`, { chunkHash: 2n ** 252n - 1n }],
    ['a tag that begins with digits', 'm@1@0@ab@half@7%x', { tags: [{ name: '7', value: 'x' }] }],
  ])('passes %s', (_, text, fields) => {
    expect(parseEngineKey(text)).toMatchObject(fields);
  });

  it.each(['', '@', 'plain', 'm@1@0@ab', 'm@x@0@ab@half', 'm@1@0@xyz@half', '@@@@@@'])(
    'refuses %j',
    (text) => {
      expect(parseEngineKey(text)).toBeUndefined();
    },
  );
});
