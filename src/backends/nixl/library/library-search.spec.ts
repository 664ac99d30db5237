import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findNixlLibraries } from './library-search.js';
import { nixlVersionOf } from './library-version.js';
import { pythonSites } from './python-sites.js';

const FILE = 'libnixl_capi.so';
const NAMES = [`${FILE}.0`, FILE];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvnest-nixl-search-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An empty file, with its folders. */
function put(...path: string[]): string {
  const file = join(folder, ...path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

const site = (): Promise<string[]> => Promise.resolve([join(folder, 'site')]);
const nowhere = (): Promise<string[]> => Promise.resolve([]);

describe('findNixlLibraries', () => {
  it('takes a file that the environment names, there or not, and nothing else', async () => {
    const file = '/nonexistent/libnixl_capi.so';
    put('prefix/lib', FILE);
    const environment = { NIXL_CAPI_PATH: file, NIXL_PREFIX: join(folder, 'prefix') };
    expect(await findNixlLibraries(environment, site)).toEqual({ candidates: [file], absent: [] });
  });

  it('looks into the three folders of a prefix', async () => {
    const file = put('prefix/lib64', FILE);
    const { candidates, absent } = await findNixlLibraries({ NIXL_PREFIX: join(folder, 'prefix') }, site);
    expect(candidates).toEqual([file]);
    expect(absent).toEqual([
      join(folder, 'prefix/lib', FILE),
      expect.stringMatching(/prefix\/lib\/\w+-linux-gnu\/libnixl_capi\.so$/),
    ]);
  });

  it('looks into wheels, that of the active environment first, then asks the loader', async () => {
    const system = put('site/.nixl_cu12.mesonpy.libs', FILE);
    const newer = put('venv/lib/python3.13/site-packages/.nixl_cu13.mesonpy.libs', FILE);
    const older = put('venv/lib/python3.13/site-packages/.nixl_cu12.mesonpy.libs', FILE);
    const found = await findNixlLibraries({ VIRTUAL_ENV: join(folder, 'venv') }, site);
    expect(found.candidates.filter((file) => !file.startsWith('/opt') && !file.startsWith('/usr'))).toEqual([
      newer,
      older,
      system,
      ...NAMES,
    ]);
    expect(found.absent).toContain(join(folder, 'site/.nixl_cu13.mesonpy.libs', FILE));
  });

  it('has the names for the loader, and all places that it looked at, where there is nothing', async () => {
    const { candidates, absent } = await findNixlLibraries({ VIRTUAL_ENV: join(folder, 'none') }, nowhere);
    expect(candidates.slice(-2)).toEqual(NAMES);
    expect(absent.some((file) => file.startsWith('/opt/nvidia/nvda_nixl/'))).toBe(true);
  });
});

describe('pythonSites', () => {
  it('is empty without a Python', async () => {
    expect(await pythonSites({ PATH: folder })).toEqual([]);
  });
});

describe('nixlVersionOf', () => {
  it('is that of the wheel', () => {
    const library = put('site/.nixl_cu12.mesonpy.libs', FILE);
    expect(nixlVersionOf(library)).toBe('unknown');
    put('site/nixl_cu13-1.4.1.dist-info', 'METADATA');
    put('site/nixl_cu12-1.5.1.dist-info', 'METADATA');
    expect(nixlVersionOf(library)).toBe('1.5.1');
  });

  it('is unknown for other installations', () => {
    for (const library of [put('lib', FILE), FILE]) expect(nixlVersionOf(library)).toBe('unknown');
  });
});
