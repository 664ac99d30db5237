import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { settingsOf } from '../config/schema/setting-registry.js';
import { AuditOptions } from './audit/audit.config.js';
import { CONNECTORS_CATALOG } from './connectors.catalog.js';
import { FsOptions } from './fs/fs.config.js';
import { InfinistoreOptions } from './infinistore/infinistore.config.js';
import { KvnestOptions } from './kvnest/kvnest.config.js';
import { LmOptions } from './lm/lm.config.js';
import { MooncakeOptions } from './mooncake/mooncake.config.js';
import { RedisOptions } from './redis/redis.config.js';
import { RespOptions } from './resp/resp.config.js';
import { S3Options } from './s3/s3.config.js';

const ROOT = resolve(import.meta.dirname, '../..');
const CONNECTORS = join(ROOT, 'src/connectors');
/** What several connectors use. */
const SHARED = ['connection-pool', 'intake', 'resp-client'];
const SUITE = 'describeRemoteConnectorContract';
const OPTIONS = {
  audit: AuditOptions,
  fs: FsOptions,
  infinistore: InfinistoreOptions,
  kvnest: KvnestOptions,
  lm: LmOptions,
  mooncake: MooncakeOptions,
  redis: RedisOptions,
  resp: RespOptions,
  s3: S3Options,
};

const read = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), 'utf8');

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map(
    (name) => `${folder}/${name}`,
  );
}

/** Functions in `test/support` that call the suite for a kind of store with several servers. */
const SUITES = [
  SUITE,
  ...filesIn('test/support')
    .filter((path) => path.endsWith('.ts') && read(path).includes(`${SUITE}(`))
    .flatMap((path) => Array.from(read(path).matchAll(/export function (\w+)/g), ([, name = '']) => name)),
];

function specsOf(type: string): readonly string[] {
  const inFolder = filesIn(`src/connectors/${type}`).filter((path) => path.endsWith('.spec.ts'));
  const apart = filesIn('test/integration').filter((path) => path.startsWith(`test/integration/${type}-`));
  return [...inFolder, ...apart];
}

describe('the catalogue of connectors', () => {
  it('lists the folders, in their order', () => {
    const folders = readdirSync(CONNECTORS, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !SHARED.includes(entry.name))
      .map(({ name }) => name);
    expect(CONNECTORS_CATALOG.map(({ type }) => type)).toEqual(folders.sort());
  });

  it('has one connector for each scheme', () => {
    const schemes = CONNECTORS_CATALOG.flatMap((definition) => definition.schemes);
    expect(new Set(schemes).size).toBe(schemes.length);
    for (const scheme of schemes) expect(scheme).toMatch(/^[a-z][a-z0-9+.-]*$/);
  });
});

describe.each(CONNECTORS_CATALOG.map(({ type, schemes }) => ({ type, schemes })))(
  'the connector $type',
  ({ type, schemes }) => {
    it.each([`${type}.connector.ts`, `${type}.module.ts`, 'README.md'])('has its file %s', (name) => {
      expect(existsSync(join(CONNECTORS, type, name))).toBe(true);
    });

    it('passes the contract suite somewhere', () => {
      const callsSuite = (path: string): boolean => SUITES.some((suite) => read(path).includes(`${suite}(`));
      expect(specsOf(type).filter(callsSuite)).not.toEqual([]);
    });

    it.each([`src/connectors/${type}/README.md`, 'src/connectors/README.md', 'docs/configuration.md'])(
      'tells its schemes in %s',
      (page) => {
        const text = existsSync(join(ROOT, page)) ? read(page) : '';
        expect(schemes.filter((scheme) => !text.includes(`${scheme}://`))).toEqual([]);
      },
    );
  },
);

describe.each(Object.entries(OPTIONS))('the page of the connector %s', (type, options) => {
  const cells = read(`src/connectors/${type}/README.md`)
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it.each([...settingsOf(options).keys()])('has a row for the option %s, with its default', (name) => {
    const fallback = new Map<string, unknown>(Object.entries(new options())).get(name);
    const row = cells.find(([, names = '']) => names.split(', ').includes(`\`${name}\``));
    expect(row).toBeDefined();
    if (fallback !== undefined)
      expect(row?.[2]?.replaceAll('`', '')).toBe(JSON.stringify(fallback).replaceAll('"', ''));
  });
});
