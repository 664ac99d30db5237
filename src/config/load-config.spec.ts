import { describe, expect, it } from '@jest/globals';
import { type KvError } from '../common/errors/kv-error.js';
import { type Problem } from './findings.js';
import { loadConfig, type LoadConfigInput, type LoadedConfig } from './load-config.js';

const GIB = 2 ** 30;

interface Given extends Partial<LoadConfigInput> {
  readonly yaml?: string;
}

function load({ yaml, argv = [], env = {}, ...rest }: Given): LoadedConfig {
  const named = yaml === undefined ? [] : ['--config', 'kvnest.yaml'];
  return loadConfig({ cwd: '/srv', readFile: () => yaml ?? '', ...rest, argv: [...named, ...argv], env });
}

function problemsOf(given: Given): readonly Problem[] {
  try {
    load(given);
  } catch (error) {
    expect(error).toMatchObject({ code: 'KV_CONFIG_INVALID', kind: 'config' });
    return (error as KvError).details?.['problems'] as readonly Problem[];
  }
  return [];
}

function pathsOf(given: Given): readonly string[] {
  return problemsOf(given).map(({ path }) => path);
}

describe('defaults', () => {
  it('are memory of 1 GiB, a disk of 10 GiB under data_dir, and two doors on loopback', () => {
    const { config, warnings, sources } = load({});
    expect(config).toMatchObject({
      chunkTokens: 256,
      keyFormat: 'object',
      hashAlgorithm: 'blake3',
      dataDir: '/srv/kvnest-data',
      arena: { capacityBytes: GIB, native: true },
      tiers: [
        { name: 'memory', type: 'memory', capacityBytes: GIB, policy: 'DEFAULT' },
        {
          name: 'disk',
          type: 'disk',
          capacityBytes: 10 * GIB,
          policy: 'DEFAULT',
          path: '/srv/kvnest-data/disk',
        },
      ],
      doors: { http: { host: '127.0.0.1', port: 8080 }, resp: { host: '127.0.0.1', port: 6380 } },
      leaseMs: 10_000,
      pinTimeoutMs: 300_000,
      maxPendingBytes: GIB / 4,
      readAheadChunks: 8,
    });
    expect(warnings).toEqual([]);
    expect(sources.origins.get('doors.http.port')).toBeUndefined();
  });

  it('follow what they depend on', () => {
    const { config } = load({ yaml: 'max_local_cpu_size: 0.25\ndata_dir: data' });
    expect(config.arena.capacityBytes).toBe(GIB / 4);
    expect(config.maxPendingBytes).toBe(GIB / 8);
    expect(config.tiers[1]?.path).toBe('/srv/data/disk');
  });
});

it('is frozen through and through', () => {
  const { config } = load({
    yaml: 'extra_config: {a: {b: 1}}\ntiers: [{type: memory, capacity: 1GiB, options: {x: {}}}]',
  });
  const open: unknown[] = [config];
  for (const value of open) {
    expect(Object.isFrozen(value)).toBe(true);
    open.push(
      ...(Object.values(value as object) as unknown[]).filter(
        (below) => typeof below === 'object' && below !== null,
      ),
    );
  }
  expect(open.length).toBeGreaterThan(8);
});

describe('precedence', () => {
  const yaml = 'chunk_size: 1\nlease_ms: 1\nread_ahead_chunks: 1';

  it('is command line over KVNEST_* over the file over defaults', () => {
    const { config, sources } = load({
      yaml,
      env: { KVNEST_LEASE_MS: '2', KVNEST_READ_AHEAD_CHUNKS: '2' },
      argv: ['--set', 'read_ahead_chunks=3'],
    });
    expect(config).toMatchObject({ chunkTokens: 1, leaseMs: 2, readAheadChunks: 3, drainTimeoutMs: 10_000 });
    expect(sources.origins.get('chunk_size')).toBe('kvnest.yaml');
    expect(sources.origins.get('lease_ms')).toBe('KVNEST_LEASE_MS');
    expect(sources.origins.get('read_ahead_chunks')).toBe('--set read_ahead_chunks');
  });

  it('lets a later --set win over an earlier one, and null take a setting back', () => {
    expect(load({ argv: ['--set', 'lease_ms=1', '--set', 'lease_ms=2'] }).config.leaseMs).toBe(2);
    expect(load({ yaml, argv: ['--set', 'lease_ms=null'] }).config.leaseMs).toBe(10_000);
    expect(load({ yaml: 'auth: {token: null}\ndoors:\nhash_seed: ~' }).config.auth.token).toBeUndefined();
  });

  it.each([
    ['--config', ['--config', 'c'], { KVNEST_CONFIG_FILE: 'k', LMCACHE_CONFIG_FILE: 'l' }, 'c'],
    ['KVNEST_CONFIG_FILE', [], { KVNEST_CONFIG_FILE: 'k', LMCACHE_CONFIG_FILE: 'l' }, 'k'],
    ['LMCACHE_CONFIG_FILE', [], { KVNEST_CONFIG_FILE: '', LMCACHE_CONFIG_FILE: 'l' }, 'l'],
    ['none', [], {}, undefined],
  ])('takes the file from %s', (_, argv, env, file) => {
    expect(load({ argv, env }).sources.file).toBe(file);
  });
});

describe('environment', () => {
  it('resolves names against the schema', () => {
    const { config } = load({
      env: {
        KVNEST_DOORS_HTTP_PORT: '9000',
        KVNEST_DOORS_RESP: 'false',
        KVNEST_DOORS_RESP_PORT: '7000',
        KVNEST_DATA_DIR: '/data',
        KVNEST_ARENA_NATIVE: 'false',
        KVNEST_TIERS: '[{type: memory, capacity: 64MiB}]',
        KVNEST_EXTRA_CONFIG: '{"a": 1}',
        KVNEST_AUTH_TOKEN: '0123',
      },
    });
    expect(config).toMatchObject({
      doors: { http: { port: 9000 }, resp: false },
      dataDir: '/data',
      arena: { native: false, capacityBytes: 64 * 2 ** 20 },
      tiers: [{ name: 'memory', capacityBytes: 64 * 2 ** 20 }],
      extraConfig: { a: 1 },
      auth: { token: '0123' },
    });
  });

  it('warns of unknown names in one line and never fails', () => {
    const { warnings } = load({
      env: {
        KVNEST_PORT: 'tcp://10.0.0.1:8080',
        KVNEST_HTTP_URL: 'http://127.0.0.1:1',
        KVNEST_TOKEN: 'of a plugin',
        KVNEST_PLUGIN_NAME: 'a.sh',
        KVNEST_SERVICE_HOST: '10.0.0.1',
        KVNEST_DOOR_HTTP_PORT: '1',
      },
    });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('KVNEST_SERVICE_HOST');
    expect(warnings[0]).toContain('did you mean KVNEST_DOORS_HTTP_PORT?');
    expect(warnings[0]).not.toMatch(/HTTP_URL|TOKEN|PLUGIN/);
  });

  it('fails for a known name with a wrong value, and names the variable', () => {
    expect(problemsOf({ env: { KVNEST_DOORS_HTTP_PORT: 'http' } })).toMatchObject([
      { path: 'doors.http.port', origin: 'KVNEST_DOORS_HTTP_PORT' },
    ]);
  });

  it('counts LMCACHE_* only without a file, below KVNEST_*', () => {
    const env = {
      LMCACHE_CHUNK_SIZE: '64',
      LMCACHE_MAX_LOCAL_CPU_SIZE: '0.5',
      LMCACHE_LOCAL_DISK: 'file:///x',
      KVNEST_CHUNK_SIZE: '32',
    };
    const without = load({ env });
    expect(without.config).toMatchObject({
      chunkTokens: 32,
      tiers: [{ capacityBytes: GIB / 2 }, { path: '/x' }],
    });
    expect(without.warnings).toEqual([]);
    const withFile = load({ env, yaml: 'chunk_size: 16' });
    expect(withFile.config.tiers[0]?.capacityBytes).toBe(GIB);
    expect(withFile.warnings).toHaveLength(1);
    expect(withFile.warnings[0]).toContain('LMCACHE_LOCAL_DISK');
  });

  it('warns once of LMCACHE_* without effect and leaves those of other parts alone', () => {
    const { warnings } = load({
      env: {
        LMCACHE_USE_LAYERWISE: 'True',
        LMCACHE_ENABLE_BLENDING: '1',
        LMCACHE_LOG_LEVEL: 'INFO',
        LMCACHE_TRACK_USAGE: 'false',
      },
    });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /LMCACHE_USE_LAYERWISE.*LMCACHE_ENABLE_BLENDING|LMCACHE_ENABLE_BLENDING.*LMCACHE_USE_LAYERWISE/,
    );
  });
});

describe('conversions', () => {
  it.each([
    ['doors: {http: false}', 'doors.http', false],
    ['doors: {resp: off}', 'doors.resp', false],
    ['doors: {resp: "false"}', 'doors.resp', false],
    ['save_unfull_chunk: "false"', 'savePartialChunks', false],
    ['save_unfull_chunk: yes', 'savePartialChunks', true],
    ['arena: {capacity: 2GiB}', 'arena.capacityBytes', 2 * GIB],
    ['max_pending: 1.5MB', 'maxPendingBytes', 1_500_000],
    ['max_pending: 1048576', 'maxPendingBytes', 1_048_576],
    ['pin_timeout_sec: 0.5', 'pinTimeoutMs', 500],
    ['hash_seed: 0', 'hashSeed', '0'],
    ['doors.http.port: 9000', 'doors.http.port', 9000],
    ['doors.http.port: 9000\ndoors: {http: {max_connections: 5}}', 'doors.http.port', 9000],
    ['doors.http: false', 'doors.http', false],
  ])('%s', (yaml, path, value) => {
    expect(load({ yaml }).config).toHaveProperty(path, value);
  });

  it('turns a door on again, with what weaker sources say of it', () => {
    const yaml = 'doors: {http: {port: 9000}, resp: false}';
    const { config } = load({ yaml, argv: ['--set', 'doors.resp=true', '--set', 'doors.http=true'] });
    expect(config.doors).toMatchObject({ http: { port: 9000 }, resp: { port: 6380 } });
    expect(load({ yaml, argv: ['--set', 'doors.resp.port=1'] }).config.doors).toMatchObject({
      resp: { port: 1 },
    });
  });
});

describe('errors', () => {
  it('come all at once, each with its path and origin', () => {
    const yaml = `
chunk_size: abc
chunk_sze: 1
doors: {http: {port: 70000, hots: x}, resp: 5}
arena: 3
tiers:
  - {type: memory, capacity: much}
  - {type: disc, capacity: 1GiB}
  - {type: disk, capacity: 1GiB, policy: LRV}
  - {type: disk, capacity: 1GiB, size: 2GiB}
  - 7
  - {capacity: 1GiB}
`;
    const problems = problemsOf({
      yaml,
      env: { KVNEST_LEASE_MS: '-1' },
      argv: ['--set', 'log_level=loud', '--set', 'nothing'],
    });
    expect(problems.map(({ path }) => path).sort()).toEqual(
      [
        '',
        'arena',
        'chunk_size',
        'chunk_sze',
        'doors.http.hots',
        'doors.http.port',
        'doors.resp',
        'lease_ms',
        'log_level',
        'tiers[0].capacity',
        'tiers[1].type',
        'tiers[2].policy',
        'tiers[3].name',
        'tiers[3].size',
        'tiers[4]',
        'tiers[5].type',
      ].sort(),
    );
    expect(problems.find(({ path }) => path === 'lease_ms')?.origin).toBe('KVNEST_LEASE_MS');
    expect(problems.find(({ path }) => path === 'chunk_size')?.origin).toBe('kvnest.yaml');
  });

  it('name the nearest known key', () => {
    expect(problemsOf({ yaml: 'chunk_sze: 1' })[0]?.message).toContain('chunk_size');
    expect(problemsOf({ yaml: 'doors: {htp: {}}' })[0]?.message).toContain('http');
    expect(problemsOf({ argv: ['--set', 'doors.http.prot=1'] })[0]?.message).toContain('doors.http.port');
    expect(problemsOf({ yaml: 'doors.http.prot: 1' })[0]?.message).toContain('doors.http.port');
  });

  it.each([
    ['no mapping', '[1, 2]', ['']],
    ['no YAML', 'a: [1', ['']],
    ['one key twice', 'chunk_size: 1\nchunk_size: 2', ['']],
    [
      'one port for two doors',
      'doors: {http: {port: 1}, resp: {port: 1, host: 0.0.0.0}}',
      ['doors.resp.port'],
    ],
    [
      'one name for two tiers',
      'tiers: [{type: disk, capacity: 1GiB}, {type: disk, capacity: 1GiB}]',
      ['tiers[1].name'],
    ],
    [
      'one directory for two tiers',
      'tiers: [{type: disk, name: a, path: /x, capacity: 1GiB}, {type: disk, name: b, path: /x/, capacity: 1GiB}]',
      ['tiers[1].path'],
    ],
    [
      'a name that leaves its directory',
      'tiers: [{type: disk, name: ../x, capacity: 1GiB}]',
      ['tiers[0].name'],
    ],
    ['an arena smaller than its tiers', 'arena: {capacity: 64MiB}', ['arena.capacity']],
    ['no tier', 'local_cpu: false\nlocal_disk: null', ['tiers']],
    ['an empty list of tiers', 'tiers: []', ['tiers']],
    ['blake3 in keys of the engine', 'key_format: engine\nhash_algorithm: blake3', ['hash_algorithm']],
    ['a memory tier with a path', 'tiers: [{type: memory, path: /x, capacity: 1GiB}]', ['tiers[0].path']],
    ['a prototype as a key', '__proto__: {chunk_size: 1}', ['__proto__']],
  ])('%s', (_, yaml, paths) => {
    expect(pathsOf({ yaml })).toEqual(paths);
  });

  it('do not repeat a secret', () => {
    const [problem] = problemsOf({ yaml: 'auth: {token: 8675309}' });
    expect(problem?.path).toBe('auth.token');
    expect(problem?.message).not.toContain('8675309');
  });

  it('say that a file cannot be read', () => {
    const readFile = (): never => {
      throw new Error('ENOENT');
    };
    expect(problemsOf({ yaml: '', readFile })).toMatchObject([{ path: '', origin: 'kvnest.yaml' }]);
  });

  it('leave doors on one port alone when their addresses differ', () => {
    expect(pathsOf({ yaml: 'doors: {http: {port: 1, host: 127.0.0.2}, resp: {port: 1}}' })).toEqual([]);
    expect(pathsOf({ yaml: 'doors: {http: {port: 0}, resp: {port: 0}}' })).toEqual([]);
  });
});

describe('tiers', () => {
  it('keep their order and options', () => {
    const yaml =
      'tiers: [{type: disk, name: fast, capacity: 1GiB, options: {a: 1}}, {type: memory, capacity: 2GiB}]';
    expect(load({ yaml }).config.tiers).toEqual([
      {
        name: 'fast',
        type: 'disk',
        capacityBytes: GIB,
        policy: 'DEFAULT',
        path: '/srv/kvnest-data/fast',
        options: { a: 1 },
      },
      { name: 'memory', type: 'memory', capacityBytes: 2 * GIB, policy: 'DEFAULT', options: {} },
    ]);
  });

  it('take the types and policies that the server has', () => {
    const yaml = 'tiers: [{type: tape, capacity: 1GiB, policy: arc}]';
    expect(load({ yaml, tierTypes: ['tape'], policies: ['DEFAULT', 'ARC'] }).config.tiers[0]).toMatchObject({
      policy: 'ARC',
    });
    expect(pathsOf({ yaml })).toEqual(['tiers[0].type', 'tiers[0].policy']);
  });

  it('may have an admission policy, of those that the server has', () => {
    const tier = (admission: string): string =>
      `tiers: [{type: memory, capacity: 1GiB, admission: ${admission}}]`;
    const admissions = ['always', 'tinylfu'];
    expect(load({ yaml: tier('TinyLFU'), admissions }).config.tiers[0]).toMatchObject({
      admission: 'tinylfu',
    });
    expect(load({ yaml: 'tiers: [{type: memory, capacity: 1GiB}]' }).config.tiers[0]).not.toHaveProperty(
      'admission',
    );
    expect(problemsOf({ yaml: tier('tinylfo'), admissions })).toEqual([
      expect.objectContaining({
        path: 'tiers[0].admission',
        message: '"tinylfo" is no admission policy; did you mean tinylfu?',
      }),
    ]);
  });

  it.each([
    ['local_cpu: false', 'local_cpu'],
    ['max_local_cpu_size: 2', 'max_local_cpu_size'],
    ['local_disk: /y', 'local_disk'],
    ['local_disk: null', 'local_disk'],
    ['max_local_disk_size: 2', 'max_local_disk_size'],
  ])('contradict %s', (line, path) => {
    const yaml = 'tiers: [{type: memory, capacity: 1GiB}, {type: disk, path: /x, capacity: 1GiB}]\n';
    expect(pathsOf({ yaml: yaml + line })).toEqual([path]);
    expect(pathsOf({ yaml, argv: ['--set', line.replace(': ', '=')] })).toEqual([path]);
  });

  it('agree with keys that say the same, and win over those of a weaker source', () => {
    const tiers = '[{type: memory, capacity: 1GiB}, {type: disk, path: /x, capacity: 2GiB}]';
    const same = 'local_cpu: true\nmax_local_cpu_size: 1\nlocal_disk: file:///x\nmax_local_disk_size: 2';
    expect(pathsOf({ yaml: `tiers: ${tiers}\n${same}` })).toEqual([]);
    expect(
      pathsOf({ yaml: 'max_local_cpu_size: 5\nlocal_disk: null', env: { KVNEST_TIERS: tiers } }),
    ).toEqual([]);
  });
});

it('warns of a door that is open to everybody', () => {
  const yaml = 'doors: {resp: {host: 0.0.0.0}}';
  expect(load({ yaml }).warnings).toHaveLength(1);
  expect(load({ yaml: `${yaml}\nauth: {token: secret}` }).warnings).toEqual([]);
});
