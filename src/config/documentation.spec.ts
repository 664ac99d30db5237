import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { RemoteOptions } from '../backends/remote/remote.config.js';
import { environmentName } from './layers/environment.layer.js';
import { LMCACHE_EXTRAS_WITHOUT_EFFECT, LMCACHE_KEYS_WITHOUT_EFFECT } from './layers/lmcache-keys.js';
import { loadConfig } from './load-config.js';
import { readOptions } from './read-options.js';
import { settingPaths, settingsOf } from './schema/setting-registry.js';
import { KvnestSettings } from './settings/kvnest.settings.js';
import { TierSettings } from './settings/tier.settings.js';

const ROOT = resolve(import.meta.dirname, '../..');
const REFERENCE = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
const SETTINGS = [...settingPaths(KvnestSettings)].filter(([, info]) => info.shape !== 'section');
const ROWS = new Map(
  REFERENCE.split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells[1]?.startsWith('`') === true)
    .map((cells) => [cells[1]?.replaceAll('`', ''), cells] as const),
);

describe('docs/configuration.md', () => {
  it.each(SETTINGS.map(([path]) => path))('tells the variable and the default of %s', (path) => {
    const [, , fallback = '', variable] = ROWS.get(path) ?? [];
    expect(variable).toBe(`\`${environmentName(path)}\``);
    const value = /^`(.*)`$/.exec(fallback)?.[1];
    const argv = value === undefined ? [] : ['--set', `${path}=${value}`];
    expect(loadConfig({ argv, env: {} }).config).toEqual(loadConfig({ argv: [], env: {} }).config);
    expect(fallback).not.toBe('');
  });

  it('tells every key of a tier, and no key that there is not', () => {
    const sections = [TierSettings, RemoteOptions].flatMap((section) => [...settingsOf(section).keys()]);
    const known = [...SETTINGS.map(([path]) => path), ...sections];
    expect([...ROWS.keys()].sort()).toEqual(known.sort());
  });

  it.each([...settingsOf(RemoteOptions).keys()])('tells the default of the remote option %s', (name) => {
    const fallback = ROWS.get(name)?.[2]?.replaceAll('`', '');
    expect(readOptions(RemoteOptions, 'far', { [name]: fallback })).toEqual(new RemoteOptions());
  });

  it('lists every key of LMCache that has no meaning here', () => {
    const keys = [...LMCACHE_KEYS_WITHOUT_EFFECT, ...LMCACHE_EXTRAS_WITHOUT_EFFECT];
    expect(keys.filter((key) => !REFERENCE.includes(`\`${key}\``))).toEqual([]);
  });
});

describe('config/', () => {
  it.each(readdirSync(join(ROOT, 'config')))('%s loads without a warning', (name) => {
    const { warnings } = loadConfig({
      argv: ['--config', join(ROOT, 'config', name)],
      env: { KVNEST_AUTH_TOKEN: 'secret' },
    });
    expect(warnings).toEqual([]);
    expect(REFERENCE).toContain(name);
  });
});
