import { describe, expect, it } from '@jest/globals';
import { type KvError } from '../common/errors/kv-error.js';
import { type Problem } from './findings.js';
import { loadConfig, type LoadConfigInput, type LoadedConfig } from './load-config.js';

const GIB = 2 ** 30;

interface Given {
  readonly yaml?: string;
  readonly env?: LoadConfigInput['env'];
}

function load({ yaml, env = {} }: Given): LoadedConfig {
  const argv = yaml === undefined ? [] : ['--config', 'kvnest.yaml'];
  return loadConfig({ cwd: '/srv', readFile: () => yaml ?? '', argv, env });
}

function pathsOf(given: Given): readonly string[] {
  try {
    load(given);
  } catch (error) {
    expect(error).toMatchObject({ code: 'KV_CONFIG_INVALID' });
    return ((error as KvError).details?.['problems'] as readonly Problem[]).map(({ path }) => path);
  }
  return [];
}

describe('plugins', () => {
  const DEFAULTS = {
    restart: 'on-failure',
    maxRestarts: 5,
    restartWindowMs: 60_000,
    backoffMs: 500,
    backoffMaxMs: 30_000,
    startTimeoutMs: 0,
    stopTimeoutMs: 5_000,
    heartbeatMs: 0,
    nice: 0,
    memoryBytes: undefined,
    maxLineBytes: 16 * 1024,
    maxOutputBytesPerSecond: 2 ** 20,
    passEnvironment: [],
  };

  it('are none by default, in a process that is scheduler and worker', () => {
    expect(load({}).config.plugins).toEqual({
      locations: [],
      locationsKey: 'runtime_plugin_locations',
      role: 'all',
      workerId: 0,
      workerCount: 1,
      extraConfig: {},
      defaults: DEFAULTS,
      scripts: {},
    });
  });

  it('have policies of their own over those of all', () => {
    const yaml = `
plugins:
  restart: always
  memory: 64MiB
  pass_environment: A_TOKEN, _B
  scripts:
    a.py: {restart: never, heartbeat_ms: "100", memory: null}
    tools/b.sh: {memory: 1GiB, pass_environment: []}
    c.sh:
`;
    const { plugins } = load({ yaml }).config;
    const all = {
      ...DEFAULTS,
      restart: 'always',
      memoryBytes: 64 * 2 ** 20,
      passEnvironment: ['A_TOKEN', '_B'],
    };
    expect(plugins.defaults).toEqual(all);
    expect(plugins.scripts).toEqual({
      'a.py': { ...all, restart: 'never', heartbeatMs: 100 },
      'tools/b.sh': { ...all, memoryBytes: GIB, passEnvironment: [] },
      'c.sh': all,
    });
  });

  it('take their settings from the environment, LMCache’s variables included', () => {
    const env = {
      KVNEST_ROLE: 'worker',
      KVNEST_WORKER_ID: '1',
      KVNEST_WORKER_COUNT: '2',
      KVNEST_PLUGINS_NICE: '5',
      KVNEST_PLUGINS_SCRIPTS: '{a.py: {nice: 6}}',
      LMCACHE_RUNTIME_PLUGIN_LOCATIONS: '/p, q',
      LMCACHE_PLUGIN_LOCATIONS: '/p,q',
      LMCACHE_RUNTIME_PLUGIN_ROLE: 'worker',
      LMCACHE_PLUGIN_CONFIG: '{}',
      LMCACHE_RUNTIME_PLUGIN_EXTRA_CONFIG: '{}',
    };
    const { config, warnings } = load({ env });
    expect(config.plugins).toMatchObject({
      locations: ['/p', '/srv/q'],
      role: 'worker',
      workerId: 1,
      workerCount: 2,
      defaults: { nice: 5 },
      scripts: { 'a.py': { nice: 6 } },
    });
    expect(warnings).toEqual([]);
  });

  it('are where the new key says, with a warning where the old one says something else', () => {
    const { config, warnings } = load({ yaml: 'plugin_locations: [a]\nruntime_plugin_locations: [b]' });
    expect(config.plugins.locations).toEqual(['/srv/b']);
    expect(warnings).toEqual([expect.stringContaining('plugin_locations is the old name')]);
  });

  it.each([
    ['worker_id: 1', ['worker_id']],
    ['worker_id: 2\nworker_count: 2', ['worker_id']],
    ['worker_count: 0', ['worker_count']],
    ['role: master', ['role']],
    ['runtime_plugin_locations: ["a", ""]', ['runtime_plugin_locations']],
    ['runtime_plugin_locations: {a: b}', ['runtime_plugin_locations']],
    ['plugins: {nice: 20}', ['plugins.nice']],
    ['plugins: {restart: sometimes}', ['plugins.restart']],
    ['plugins: {backoff_ms: 2, backoff_max_ms: 1}', ['plugins.backoff_ms']],
    ['plugins: {retsart: never}', ['plugins.retsart']],
    ['plugins: {scripts: [a]}', ['plugins.scripts']],
    ['plugins: {scripts: {a.py: never}}', ['plugins.scripts.a.py']],
    [
      'plugins: {scripts: {a.py: {nice: -1, memroy: 1}, b: {backoff_ms: 40000}}}',
      ['plugins.scripts.a.py.memroy', 'plugins.scripts.a.py.nice', 'plugins.scripts.b.backoff_ms'],
    ],
  ])('cannot have %s', (yaml, paths) => {
    expect(pathsOf({ yaml })).toEqual(paths);
  });
});
