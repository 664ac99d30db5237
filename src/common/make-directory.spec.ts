import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.js';

describe('a directory', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kvnest-make-directory-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is made with those above it, once and again', async () => {
    const path = join(root, 'a/b/c');
    await Promise.all([makeDirectory(path, 0o700), makeDirectory(path, 0o700)]);
    await makeDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('may be a link to one', async () => {
    symlinkSync(root, join(root, 'link'));
    await makeDirectory(join(root, 'link'));
    await makeDirectory(join(root, 'link/a'));
    expect(statSync(join(root, 'a')).isDirectory()).toBe(true);
  });

  it('is not made in the place of a file, or below one', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(makeDirectory(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeDirectory(join(root, 'file/a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('is an error where none can be made, and not an endless attempt', async () => {
    await expect(makeDirectory('/proc/kvnest/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
