import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** The five steps of CONTRIBUTING, taken in a folder that has nothing to do with this source tree. */
describe('a backend from outside', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-outside-'));
    await cp(join(ROOT, 'test/fixtures/outside-backend'), folder, { recursive: true });
    await mkdir(join(folder, 'node_modules/@nestjs'), { recursive: true });
    await symlink(ROOT, join(folder, 'node_modules/kvnest'));
    for (const name of ['@nestjs/common', '@jest']) {
      await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
    }
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'outside', type: 'module' }));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it('passes the contract suite that kvnest/testing exports', async () => {
    const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
    const { stderr } = await run(
      process.execPath,
      ['--experimental-vm-modules', jest, '--rootDir', folder, '--testRegex', 'spec\\.mjs$', '--ci'],
      { cwd: folder },
    );
    expect(stderr).toMatch(/Tests: +(?:\d+ skipped, )?\d+ passed, \d+ total/);
    expect(stderr).not.toMatch(/failed/);
  });

  it('is a tier of a running server', async () => {
    const { stdout } = await run(process.execPath, ['server.mjs'], { cwd: folder });
    expect(JSON.parse(stdout)).toEqual({
      put: { stored: true, tiers: ['outside'] },
      get: 'hello from outside',
      tiers: [{ name: 'outside', type: 'map', chunks: 1 }],
    });
  });
});
