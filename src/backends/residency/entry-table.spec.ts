import { describe, expect, it } from '@jest/globals';
import { EntryTable } from './entry-table.js';

const neverAsked = (): never => {
  throw new Error('asked for the key of a chunk whose model has a number');
};

describe('EntryTable', () => {
  it('has numbers for the models and tenants of now, however many there were before', () => {
    const table = new EntryTable();
    for (let i = 0; i < 70_000; i++) {
      table.add(0, 0, { model: `model-${i}`, tenant: `tenant-${i}` }, { bytes: 1 }, 0);
      table.remove(0);
    }
    table.add(0, 0, { model: 'llama', tenant: 'bob' }, { bytes: 1 }, 0);
    expect(table.matches(0, { model: 'llama', tenant: 'bob' }, neverAsked)).toBe(true);
    expect(table.matches(0, { tenant: 'alice' }, neverAsked)).toBe(false);
    expect(table.usedBytes).toBe(1);
  });

  it('knows how long ago an entry was added', () => {
    const table = new EntryTable();
    table.add(0, 0, { model: '', tenant: '' }, { bytes: 1 }, 1000);
    const matches = (storedBeforeMs: number): boolean => table.matches(0, { storedBeforeMs }, neverAsked);
    expect([matches(1000), matches(1001)]).toEqual([false, true]);
    table.add(0, 0, { model: '', tenant: '' }, { bytes: 1 }, 2000);
    expect(matches(1001)).toBe(false);
  });
});
