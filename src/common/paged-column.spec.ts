import { describe, expect, it } from '@jest/globals';
import { PagedColumn } from './paged-column.js';

describe('PagedColumn', () => {
  it('reads 0 where nothing was set, on pages that exist and on others', () => {
    const column = new PagedColumn(Float64Array);
    column.set(100_000, 1.5);
    expect([column.get(99_999), column.get(0), column.get(10_000_000)]).toEqual([0, 0, 0]);
    expect(column.get(100_000)).toBe(1.5);
  });

  it('keeps values on both sides of a page border', () => {
    const column = new PagedColumn(Uint32Array);
    for (const entry of [32_767, 32_768, 65_536]) column.set(entry, entry);
    expect([32_767, 32_768, 65_536].map((entry) => column.get(entry))).toEqual([32_767, 32_768, 65_536]);
  });
});
