import { describe, expect, it } from '@jest/globals';
import { type KvError } from '../common/errors/kv-error.js';
import { type Problem } from './findings.js';
import { loadConfig, type LoadConfigInput, type LoadedConfig } from './load-config.js';

const MIB = 2 ** 20;
const SCHEMES = ['mooncakestore', 'redis', 'fs', 's3', 'loopback'];

interface Given extends Partial<LoadConfigInput> {
  readonly yaml?: string;
}

function load({ yaml, argv = [], env = {}, ...rest }: Given): LoadedConfig {
  const named = yaml === undefined ? [] : ['--config', '/etc/kvnest/kvnest.yaml'];
  return loadConfig({
    cwd: '/srv',
    readFile: () => yaml ?? '',
    schemes: SCHEMES,
    ...rest,
    argv: [...named, ...argv],
    env,
  });
}

function problemsOf(given: Given): readonly Problem[] {
  try {
    load(given);
  } catch (error) {
    expect(error).toMatchObject({ code: 'KV_CONFIG_INVALID' });
    return (error as KvError).details?.['problems'] as readonly Problem[];
  }
  return [];
}

function messageOf(given: Given): string {
  return problemsOf(given)
    .map(({ path, message }) => `${path}: ${message}`)
    .join('\n');
}

/** The names of the tiers, in their order. */
function tiersOf(given: Given): readonly string[] {
  return load(given).config.tiers.map(({ name }) => name);
}

const MINE = {
  kind: 'backend',
  name: 'mine',
  modulePath: './mine.mjs',
  className: 'Mine',
  options: { capacity: '64MiB', tls: { ca: 'x' } },
};

describe('a backend that users bring', () => {
  it.each([
    [
      'flat in extra_config',
      'external_backends: [mine]\nextra_config: {external_backend.mine.module_path: ./mine.mjs, external_backend.mine.class_name: Mine, external_backend.mine.capacity: 64MiB, external_backend.mine.tls: {ca: x}}',
      'extra_config.external_backend.mine.module_path',
    ],
    [
      'nested in extra_config',
      'storage_plugins: "mine"\nextra_config: {storage_plugin: {mine: {module_path: ./mine.mjs, class_name: Mine, capacity: 64MiB, tls: {ca: x}}}}',
      'extra_config.storage_plugin.mine.module_path',
    ],
    [
      'flat at the top',
      'external_backend.mine.module_path: ./mine.mjs\nexternal_backend.mine.class_name: Mine\nexternal_backend.mine.capacity: 64MiB\nexternal_backend.mine.tls: {ca: x}\nexternal_backends: [mine]',
      'external_backend.mine.module_path',
    ],
    [
      'half of it flat, half of it nested',
      'storage_plugin.mine.tls: {ca: x}\nstorage_plugin: {mine: {module_path: ./mine.mjs, class_name: Mine}}\nexternal_backend: {mine.capacity: 64MiB, mine: {module_path: ./old.mjs}}\nstorage_plugins: mine',
      'storage_plugin.mine.module_path',
    ],
  ])('is found %s', (_, yaml, key) => {
    const { config, warnings } = load({ yaml });
    expect(config.externals).toEqual([{ ...MINE, key, searchFrom: ['/srv', '/etc/kvnest'] }]);
    expect(config.tiers.at(-1)).toEqual({
      name: 'mine',
      type: 'mine',
      capacityBytes: 64 * MIB,
      policy: 'DEFAULT',
      options: {},
    });
    expect(warnings).toEqual([]);
  });

  it.each([
    { KVNEST_EXTERNAL_BACKENDS: 'a, b', KVNEST_EXTRA_CONFIG: extraConfig('external_backend') },
    {
      KVNEST_STORAGE_PLUGINS: '["a", "b"]',
      KVNEST_STORAGE_PLUGIN: '{a: {module_path: x}, b.module_path: x}',
    },
    { LMCACHE_EXTERNAL_BACKENDS: 'a,b', LMCACHE_EXTRA_CONFIG: extraConfig('external_backend') },
    { LMCACHE_STORAGE_PLUGINS: 'a,b', LMCACHE_EXTRA_CONFIG: extraConfig('storage_plugin') },
  ])('is found in %j', (env) => {
    expect(tiersOf({ env })).toEqual(['memory', 'disk', 'a', 'b']);
  });

  it('is found on the command line', () => {
    const sets = ['external_backends=a', 'external_backend.a.module_path=x', 'external_backend.a.n=1'];
    const { config } = load({ argv: sets.flatMap((set) => ['--set', set]) });
    expect(config.externals).toMatchObject([
      { name: 'a', modulePath: 'x', options: { n: 1 }, searchFrom: ['/srv'] },
    ]);
  });

  it('is a tier behind memory, disk and remote stores, in the order of the listing', () => {
    const yaml = `
storage_plugins: [b, a]
external_backends: [c, a]
remote_url: redis://h
storage_plugin: {a: {module_path: x}, b: {module_path: x}, c: {module_path: x}}`;
    expect(tiersOf({ yaml })).toEqual(['memory', 'disk', 'remote', 'b', 'a', 'c']);
  });

  it('goes where a tier of its type puts it, listed or not', () => {
    const yaml = `
storage_plugin: {a: {module_path: x, capacity: 2MiB}, b: {module_path: x}}
storage_plugins: [b]
tiers: [{type: a, name: first}, {type: memory, capacity: 1GiB}, {type: b, capacity: 3MiB, url: x://y, options: {z: 1}}]`;
    const { config } = load({ yaml });
    expect(config.tiers).toMatchObject([
      { name: 'first', type: 'a', capacityBytes: 2 * MIB },
      { name: 'memory' },
      { name: 'b', capacityBytes: 3 * MIB, url: 'x://y', options: { z: 1 } },
    ]);
    expect(config.externals.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('says of its tier what the tier does not say itself', () => {
    const mine = 'mine: {module_path: x, capacity: 2MiB, policy: fifo, path: kv, url: x://y}';
    const yaml = `storage_plugin: {${mine}}\nstorage_plugins: mine`;
    const policies = ['DEFAULT', 'LRU', 'FIFO'];
    const said = { capacityBytes: 2 * MIB, policy: 'FIFO', path: '/srv/kv', url: 'x://y' };
    expect(load({ yaml, policies }).config.tiers.at(-1)).toMatchObject(said);
    const tiers =
      'tiers: [{type: mine}, {type: mine, name: own, capacity: 3MiB, policy: lru, path: /a, url: z://}]';
    expect(load({ yaml: `${yaml}\n${tiers}`, policies }).config.tiers).toMatchObject([
      said,
      { capacityBytes: 3 * MIB, policy: 'LRU', path: '/a', url: 'z://' },
    ]);
  });

  it('is a mistake when it is listed and in no tier', () => {
    const tiers = '[{type: memory, capacity: 1GiB}]';
    const yaml = 'external_backends: [a]\nexternal_backend: {a: {module_path: x}}\n';
    expect(messageOf({ yaml: `${yaml}tiers: ${tiers}` })).toContain(
      'external_backends: contradicts tiers, which have none of type a',
    );
    // A stronger source may leave it out.
    expect(load({ yaml, env: { KVNEST_TIERS: tiers } }).config.externals).toEqual([]);
  });

  it.each([
    ['without a module', 'external_backends: [a]', 'external_backend.a.module_path: must be the name of'],
    [
      'with its name mistyped',
      'external_backends: [mein]\nexternal_backend: {mine: {module_path: x}}',
      'did you mean mine?',
    ],
    [
      'with a class that is none',
      'external_backends: [a]\nexternal_backend: {a: {module_path: x, class_name: 7}}',
      'external_backend.a.class_name: must be the name of an export',
    ],
    [
      'with a capacity that is none',
      'external_backends: [a]\nexternal_backend: {a: {module_path: x, capacity: much}}',
      'external_backend.a.capacity: must be a size',
    ],
    [
      'with a policy and a path that are none',
      'external_backends: [a]\nexternal_backend: {a: {module_path: x, policy: LRV, path: 7}}',
      'external_backend.a.path: must be text\nexternal_backend.a.policy: "LRV" is no eviction policy; did you mean LRU?',
    ],
    [
      'with the name of what is there',
      'storage_plugins: [disk]\nstorage_plugin: {disk: {module_path: x}}',
      'storage_plugin.disk.module_path: "disk" is a type that kvnest has',
    ],
    [
      'with the name of another tier',
      'storage_plugins: [mine]\nstorage_plugin: {mine: {module_path: x}}\nremote_storage_plugins: mine\nremote_storage_plugin: {mine: {module_path: x}}',
      'tiers: two would be called "mine"',
    ],
    ['with a name that is none', 'storage_plugins: [../x]', 'storage_plugins: '],
    ['in a mapping that is none', 'external_backend: 5', 'external_backend: 5 must be a mapping'],
  ])('is a mistake %s', (_, yaml, message) => {
    expect(messageOf({ yaml })).toContain(message);
  });

  it('is not loaded, with a warning, when it is not listed', () => {
    const { config, warnings } = load({ yaml: 'external_backend: {mine: {module_path: x}}' });
    expect(config.externals).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('"mine" is not listed in storage_plugins')]);
  });
});

describe('a connector that users bring', () => {
  it('is found by the scheme of a URL', () => {
    const yaml = `
extra_config: {external_connector.Log: {module_path: pkg, class_name: Log, level: 3}}
remote_url: [log://h, 'redis://h']`;
    const { config } = load({ yaml });
    expect(config.externals).toEqual([
      {
        kind: 'connector',
        name: 'Log',
        modulePath: 'pkg',
        className: 'Log',
        key: 'extra_config.external_connector.Log.module_path',
        options: { level: 3 },
        searchFrom: ['/srv', '/etc/kvnest'],
      },
    ]);
    expect(config.tiers.map(({ url }) => url)).toEqual([undefined, undefined, 'log://h', 'redis://h']);
  });

  it('is found in the URL itself', () => {
    const yaml = `
tiers:
  - {type: remote, name: a, url: 'external://host:0/my.pkg/?connector_name=Log'}
  - {type: remote, name: b, url: 'external://other/my.pkg?connector_name=Log&x=1'}
  - {type: remote, name: c, url: 'external://host:0//opt/my%20kv.mjs/'}
  - {type: remote, name: d, url: 'external://host:0/./kv.mjs/'}`;
    expect(load({ yaml }).config.externals).toMatchObject([
      { kind: 'connector', name: 'external', modulePath: 'my.pkg', className: 'Log', key: 'url of tier a' },
      { modulePath: '/opt/my kv.mjs', className: undefined },
      { modulePath: './kv.mjs', className: undefined },
    ]);
  });

  const PLUGIN = 'remote_storage_plugins: [my_log]\nremote_storage_plugin.my_log.module_path: pkg\n';

  it.each([
    ['no URL is its own', '', ['my_log://']],
    ['a URL has its scheme', 'remote_url: my_log://h', ['my_log://h']],
    ['a URL has a scheme that only it can know', 'remote_url: lg://h', ['lg://h']],
    ['the URLs are those of others', 'remote_url: redis://h', ['my_log://', 'redis://h']],
    [
      'it names a store itself',
      'remote_url: my_log://h\nremote_storage_plugin: {my_log: {url: my_log://i}}',
      ['my_log://i', 'my_log://h'],
    ],
  ])('as a plugin is a tier of its own when %s', (_, yaml, urls) => {
    const { config } = load({ yaml: PLUGIN + yaml });
    expect(config.tiers.slice(2).map(({ url }) => url)).toEqual(urls);
    expect(config.externals).toMatchObject([{ kind: 'connector', name: 'my_log' }]);
  });

  it.each([
    ['redis', '{redis.redis_url: "redis://h:1"}', 'redis://h:1'],
    ['redis', '{}', 'redis://localhost:6379'],
    ['fs.primary', '{fs.primary.base_path: /mnt/kv}', 'fs:///mnt/kv'],
    ['mooncakestore', '{mooncakestore.master_server_address: "h:50051"}', 'mooncakestore://h:50051'],
    ['mooncakestore', '{}', 'mooncakestore://'],
  ])("as LMCache's own plugin %s with %s needs no code", (name, options, url) => {
    const { config } = load({
      yaml: `remote_storage_plugins: ["${name}"]\nremote_storage_plugin: ${options}`,
    });
    expect(config.tiers.at(-1)).toMatchObject({ name, type: 'remote', url });
    expect(config.externals).toEqual([]);
  });

  it('as a plugin of LMCache that is not here is told so', () => {
    expect(messageOf({ yaml: 'remote_storage_plugins: [hf3fs]' })).toMatch(
      /remote_storage_plugin\.hf3fs\.module_path: .*3FS/,
    );
  });
});

describe('the schemes of URLs', () => {
  it.each([
    ['remote_url: rediss3://h', 'remote_url: no connector understands rediss3://; did you mean redis?'],
    ['remote_url: h:6379', 'remote_url: has no scheme'],
    ['remote_url: external://h:0/?connector_name=X', 'remote_url: names no module'],
    [
      'tiers: [7, {type: remote, url: "hf3fs://h"}]',
      'tiers[1].url: hf3fs:// is 3FS, which kvnest does not speak to; mount it and use fs://',
    ],
    ['remote_url: plugin://x', 'list the plugin in remote_storage_plugins'],
    ['remote_url: gcs://x', 's3://'],
  ])('of %s are a mistake', (yaml, message) => {
    expect(messageOf({ yaml })).toContain(message);
  });

  it.each(['sagemaker-hyperpod', 'eic', 'mock', 'azure', 'bigtable', 'couchbase', 'shmfile'])(
    'of LMCache have a message of their own: %s',
    (scheme) => {
      expect(messageOf({ yaml: `remote_url: ${scheme}://h` })).toContain('which kvnest does not speak to');
    },
  );

  it('come all at once, and are not checked where nobody says which there are', () => {
    const yaml = 'remote_url: [a://h, b://h]';
    expect(problemsOf({ yaml })).toHaveLength(2);
    expect(loadConfig({ argv: ['--config', 'f'], env: {}, readFile: () => yaml }).config.tiers).toHaveLength(
      4,
    );
  });
});

function extraConfig(prefix: string): string {
  return JSON.stringify({ [`${prefix}.a.module_path`]: 'x', [`${prefix}.b.module_path`]: 'x' });
}
