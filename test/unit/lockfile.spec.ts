import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

const LOCK = readFileSync(resolve(import.meta.dirname, '../../package-lock.json'), 'utf8');

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

it('names no registry, so that everybody installs from his own', () => {
  expect(LOCK.match(/"resolved": "(?!examples\/)[^"]+"/g) ?? []).toEqual([]);
});

it('pins the content of every package', () => {
  const { packages } = JSON.parse(LOCK) as { readonly packages: Readonly<Record<string, LockedPackage>> };
  const loose = Object.entries(packages).filter(
    ([path, { integrity, link }]) =>
      path.includes('node_modules/') && integrity === undefined && link !== true,
  );
  expect(loose.map(([path]) => path)).toEqual([]);
});
