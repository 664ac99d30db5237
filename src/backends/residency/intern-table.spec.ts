import { describe, expect, it } from '@jest/globals';
import { InternTable, OTHER } from './intern-table.js';

describe('InternTable', () => {
  it('gives equal texts one id, for as long as somebody uses it', () => {
    const table = new InternTable(10);
    const id = table.acquire('llama');
    expect(table.acquire('llama')).toBe(id);
    expect(table.acquire('qwen')).not.toBe(id);
    table.release(id);
    expect(table.idOf('llama')).toBe(id);
    table.release(id);
    expect(table.idOf('llama')).toBeUndefined();
  });

  it('calls what does not fit OTHER, and uses free ids again', () => {
    const table = new InternTable(3);
    const first = table.acquire('a');
    table.acquire('b');
    expect(table.acquire('c')).toBe(OTHER);
    table.release(OTHER);
    expect(table.idOf('c')).toBeUndefined();
    table.release(first);
    expect(table.acquire('c')).toBe(first);
  });
});
