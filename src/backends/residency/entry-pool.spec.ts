import { describe, expect, it } from '@jest/globals';
import { EntryPool } from './entry-pool.js';

describe('EntryPool', () => {
  it('hands out dense numbers and uses free ones again', () => {
    const pool = new EntryPool();
    expect([pool.allocate(), pool.allocate(), pool.allocate()]).toEqual([0, 1, 2]);
    pool.free(0);
    pool.free(2);
    expect(pool.size).toBe(1);
    expect([pool.allocate(), pool.allocate(), pool.allocate()].sort()).toEqual([0, 2, 3]);
    expect(pool.size).toBe(4);
  });

  it('refuses to free what is not in use', () => {
    const pool = new EntryPool();
    const entry = pool.allocate();
    pool.free(entry);
    expect(() => pool.free(entry)).toThrow(expect.objectContaining({ code: 'KV_ENTRY_DOUBLE_FREE' }));
    expect(() => pool.free(77)).toThrow(expect.objectContaining({ code: 'KV_ENTRY_DOUBLE_FREE' }));
    expect(pool.isAllocated(entry)).toBe(false);
    expect(pool.size).toBe(0);
  });
});
