import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TraceFile } from './trace-file.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnest-trace-file-'));
  path = join(folder, 'a', 'trace.jsonl');
});

afterEach(() => rm(folder, { recursive: true }));

const create = (maxBytes: number): Promise<TraceFile> =>
  TraceFile.create({ path, maxBytes, header: () => 'head\n' });

describe('TraceFile', () => {
  it('begins with its header, and only its owner may read it', async () => {
    const file = await create(1_000);
    await file.append('one\n');
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('head\none\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps two files, never more bytes than it may, and the latest lines', async () => {
    const file = await create(100);
    for (let i = 0; i < 50; i++) {
      await file.append(`line ${i + 10}\n`);
      const sizes = await Promise.all(
        (await readdir(join(folder, 'a'))).map((name) => stat(join(folder, 'a', name))),
      );
      expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(100);
    }
    await file.close();
    expect((await readdir(join(folder, 'a'))).sort()).toEqual(['trace.jsonl', 'trace.jsonl.1']);
    expect(await readFile(path, 'utf8')).toMatch(/^head\n(line \d+\n)*line 59\n$/);
    expect(await readFile(`${path}.1`, 'utf8')).toMatch(/^head\n(line \d+\n)+$/);
  });

  it('leaves what was there before under another name', async () => {
    const before = await create(100);
    await before.close();
    await writeFile(path, 'before');
    const file = await create(100);
    await file.close();
    expect(await readFile(`${path}.1`, 'utf8')).toBe('before');
    expect(await readFile(path, 'utf8')).toBe('head\n');
  });
});
