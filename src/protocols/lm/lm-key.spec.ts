import { describe, expect, it } from '@jest/globals';
import { isCacheEngineKey, trimLmKey } from './lm-key.js';

describe('keys of lm://', () => {
  it.each([
    'tiny/model@8@0@1ed603bd9c21cf09@bfloat16',
    'm@1@0@-5f@half',
    'm@1@0@5F@fp8_e5m2fnuz@17',
    'm@1@0@5f@float@cache_salt%a@b%c%d',
    'm@1@0@5f@float@3@tag%',
    '@1@0@5f@uint8',
  ])('LMCache can read %s', (key) => expect(isCacheEngineKey(key)).toBe(true));

  it.each([
    'model@01020304@group@1ed603bd',
    'vllm@m@1@0@5f@half',
    'm@1@0@5f@fp8',
    'm@1@0@5g@half',
    'm@a@0@5f@half',
    'm@1@0@5f@half@tag',
    'm@1@0@5f@half@a%b@3',
    'kvnest:0:00ff',
  ])('LMCache cannot read %s', (key) => expect(isCacheEngineKey(key)).toBe(false));

  it.each([
    ['  key ', 'key'],
    ['\t\n\u001f a b \r\u000b', 'a b'],
    ['   ', ''],
    ['', ''],
  ])('%j is %j without what stands around it', (padded, key) => {
    expect(trimLmKey(Buffer.from(padded)).toString()).toBe(key);
  });
});
