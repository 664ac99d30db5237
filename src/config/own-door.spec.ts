import { describe, expect, it } from '@jest/globals';
import { loadConfig, type LoadedConfig } from './load-config.js';

function load(yaml: string): LoadedConfig {
  return loadConfig({ argv: ['--config', 'lmcache.yaml'], env: {}, cwd: '/srv', readFile: () => yaml });
}

function urls(yaml: string): readonly unknown[] {
  return load(yaml).config.tiers.flatMap(({ url }) => (url === undefined ? [] : [url]));
}

describe('a remote_url that is a door of this server', () => {
  it.each([
    ['lm://localhost:65432', 'lm'],
    ['lm://127.0.0.1', 'lm'],
    ['lm:///', 'lm'],
    ['redis://:secret@127.0.0.1:6380/0', 'resp'],
    ['RESP://[::1]:6380?connections=2', 'resp'],
    ['valkey://127.0.0.2:6380', 'resp'],
    ['kvnest://elsewhere:7070,localhost', 'tcp'],
    ['lm://0.0.0.0:65432', 'lm'],
  ])('%s becomes no tier, with a warning', (url, door) => {
    const yaml = `remote_url: "${url}"`;
    expect(urls(yaml)).toEqual([]);
    const { warnings } = load(yaml);
    expect(warnings).toEqual([expect.stringContaining(`remote_url leads to doors.${door} of this server`)]);
    expect(warnings.join()).not.toContain('secret');
  });

  it.each([
    'lm://localhost:65433',
    'lm://cache-host:65432',
    'redis://localhost:6379',
    'redis://localhost:65432',
    'rediss://localhost:6380',
    'fs:///mnt/kv',
    's3://bucket',
  ])('%s is none', (url) => {
    expect(urls(`remote_url: "${url}"`)).toEqual([url]);
  });

  it.each([
    ['doors.lm: false', 'lm://localhost:65432', true],
    ['doors.lm.port: 7000', 'lm://localhost:7000', false],
    ['doors.lm.host: 10.0.0.5', 'lm://10.0.0.5:65432', false],
    ['doors.lm.host: 10.0.0.5', 'lm://localhost:65432', true],
    ['doors.lm.host: 0.0.0.0', 'lm://localhost:65432', false],
    ['doors.lm.port: 0', 'lm://localhost:65432', true],
  ])('goes by where the door listens: %s, %s', (door, url, isTier) => {
    expect(urls(`${door}\nremote_url: "${url}"`)).toHaveLength(isTier ? 1 : 0);
  });

  it('leaves the others of a list', () => {
    expect(urls('remote_url: [redis://localhost:6380, redis://localhost:6379]')).toEqual([
      'redis://localhost:6379',
    ]);
  });

  it.each([
    'remote_storage_plugins: [redis]\nremote_storage_plugin: {redis.redis_url: "redis://localhost:6380"}',
    'remote_storage_plugins: [redis]\nremote_url: "redis://localhost:6380"',
    'remote_url: "audit://host:0"\naudit_actual_remote_url: "lm://localhost"',
    'remote_url: "audit://host:0"\nextra_config: {audit_actual_remote_url: "lm://localhost"}',
  ])('is seen behind a plugin and an audit, too: %s', (yaml) => {
    expect(urls(yaml)).toEqual([]);
    expect(load(yaml).warnings).toEqual([expect.stringMatching(/leads to doors\.(resp|lm) of this server/)]);
  });

  it('leaves an audit of another store, and a plugin of another server', () => {
    const yaml =
      'remote_url: "audit://host:0"\naudit_actual_remote_url: "redis://h:1"\nremote_storage_plugins: [redis]\n' +
      'remote_storage_plugin: {redis.redis_url: "redis://h:2"}';
    expect(urls(yaml)).toEqual(['redis://h:2', 'audit://host:0']);
  });

  it('is a mistake where tiers list it', () => {
    expect(() =>
      load('tiers: [{type: memory, capacity: 1GiB}, {type: remote, url: "lm://localhost"}]'),
    ).toThrow('tiers[1].url: leads to doors.lm of this server itself; name another store');
  });
});
