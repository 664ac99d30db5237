import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { EVICTION_POLICIES_CATALOG, findEvictionPolicy } from './eviction-policies.catalog.js';

describe('eviction policies catalogue', () => {
  it('lists every policy of this folder', () => {
    const files = readdirSync(import.meta.dirname)
      .filter((name) => name.endsWith('.policy.ts'))
      .map((name) => name.replace('.policy.ts', ''));
    expect(EVICTION_POLICIES_CATALOG.map(({ name }) => name).sort()).toEqual(files.sort());
  });

  it.each(['lru', 'LRU', 'Lru'])('finds %s', (name) => {
    expect(findEvictionPolicy(name).create(1).name).toBe('lru');
  });

  it('knows which is the default, and every name of LMCache', () => {
    expect(findEvictionPolicy('default').name).toBe('adaptive');
    for (const name of ['LRU', 'LFU', 'FIFO', 'MRU'])
      expect(findEvictionPolicy(name).name).toBe(name.toLowerCase());
  });

  it('refuses a name that nobody knows, with the ones it knows', () => {
    const remedy = expect.stringMatching(/^Use one of: DEFAULT, LRU, .*S3-FIFO, SIEVE, W-TINYLFU\.$/);
    const refusal = { code: 'KV_CONFIG_INVALID', remedy };
    expect(() => findEvictionPolicy('clock')).toThrow(expect.objectContaining(refusal));
  });
});
