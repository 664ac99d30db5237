import { describe, expect, it } from '@jest/globals';
import { environmentName } from './layers/environment.layer.js';
import { LMCACHE_KEYS_WITHOUT_EFFECT } from './layers/lmcache-keys.js';
import { loadConfig, type LoadedConfig } from './load-config.js';
import { settingPaths } from './schema/setting-registry.js';
import { KvnestSettings } from './settings/kvnest.settings.js';

const GIB = 2 ** 30;

function load(yaml: string, argv: readonly string[] = []): LoadedConfig {
  return loadConfig({
    argv: ['--config', 'lmcache.yaml', ...argv],
    env: {},
    cwd: '/srv',
    readFile: () => yaml,
  });
}

const peerTier = (yaml: string, options: object): [string, string, unknown] => [
  `${yaml}\nmax_local_disk_size: 0\nnixl.peers: kvnest://a`,
  'tiers.1.options',
  { peers: 'kvnest://a', ...options },
];

const PEERS: readonly [string, string, unknown][] = [
  peerTier('', { role: 'both' }),
  peerTier('enable_p2p: true', { role: 'both' }),
  peerTier('enable_pd: true\npd_role: receiver', { role: 'receiver' }),
  peerTier('pd_bidirectional: true\npd_role: sender\nenable_pd: true', { role: 'both' }),
  peerTier('nixl_role: sender\nenable_nixl: true', { role: 'sender' }),
  peerTier('enable_xpyd: true\nnixl_role: receiver\npd_role: sender', { role: 'sender' }),
  peerTier('pd_role: sender\nenable_pd: true\nnixl.role: both', { role: 'both' }),
  peerTier('transfer_channel: nixl', { role: 'both', transport: 'auto' }),
  peerTier('transfer_channel: py_socket', { role: 'both', transport: 'tcp' }),
  peerTier('p2p_host: 10.0.0.5', { role: 'both', advertise: 'kvnest://10.0.0.5:7070' }),
];

/** Keys that mean here what they mean in LMCache, and what a value of each becomes. */
const MAPPED: readonly (readonly [yaml: string, path: string, value: unknown])[] = [
  ['chunk_size: 512', 'chunkTokens', 512],
  ['local_cpu: false', 'tiers.0.type', 'disk'],
  ['local_cpu: True', 'tiers.0.type', 'memory'],
  ['max_local_cpu_size: 2.5', 'tiers.0.capacityBytes', 2.5 * GIB],
  ['max_local_cpu_size: 0', 'tiers.0.type', 'disk'],
  ['local_cpu: false\nmax_local_cpu_size: 2', 'arena.capacityBytes', 2 * GIB],
  ['local_disk: /mnt/kv', 'tiers.1.path', '/mnt/kv'],
  ['local_disk: "file:///mnt/kv/"', 'tiers.1.path', '/mnt/kv'],
  ['local_disk: file://relative/kv', 'tiers.1.path', '/srv/relative/kv'],
  ['local_disk: null', 'tiers.length', 1],
  ['local_disk:', 'tiers.length', 1],
  ['max_local_disk_size: 0', 'tiers.length', 1],
  ['local_disk: /mnt/kv\nmax_local_disk_size: 100', 'tiers.1.capacityBytes', 100 * GIB],
  ['cache_policy: lru', 'tiers.0.policy', 'LRU'],
  ['pre_caching_hash_algorithm: sha256_cbor', 'keyFormat', 'engine'],
  ['pre_caching_hash_algorithm: sha256_cbor', 'hashAlgorithm', 'sha256_cbor'],
  ['pre_caching_hash_algorithm: blake3', 'hashAlgorithm', 'blake3'],
  ['pre_caching_hash_algorithm: sha256_cbor\nkey_format: object', 'hashAlgorithm', 'blake3'],
  ['save_unfull_chunk: true', 'savePartialChunks', true],
  ['pin_timeout_sec: 60', 'pinTimeoutMs', 60_000],
  ['remote_url: redis://h:6379', 'tiers.2.url', 'redis://h:6379'],
  ['remote_url: [redis://h:6379, fs:///mnt/kv]', 'tiers.3.url', 'fs:///mnt/kv'],
  ['audit_actual_remote_url: lm://h:1', 'extraConfig.audit_actual_remote_url', 'lm://h:1'],
  [
    'audit_actual_remote_url: lm://h:1\nextra_config: {audit_actual_remote_url: lm://h:2}',
    'extraConfig.audit_actual_remote_url',
    'lm://h:2',
  ],
  ['remote_serde: zstd\nremote_url: redis://h', 'tiers.2.options.serde', 'zstd'],
  ['blocking_timeout_secs: 2.5\nremote_url: redis://h', 'tiers.2.options.timeout_ms', 2500],
  [
    'storage_plugins: [b, a]\nextra_config: {storage_plugin.a.module_path: pkg-a, storage_plugin.b.module_path: pkg-b}',
    'tiers.2.type',
    'b',
  ],
  ['external_backends: "a"\nexternal_backend: {a: {module_path: pkg}}', 'tiers.2.name', 'a'],
  ['external_backend.a.module_path: pkg\nexternal_backends: a', 'externals.0.modulePath', 'pkg'],
  ['external_backend: {a: {module_path: pkg}}\nexternal_backends: a', 'externals.0.kind', 'backend'],
  ['storage_plugin: {a: {module_path: pkg, x: 1}}\nstorage_plugins: a', 'externals.0.options', { x: 1 }],
  [
    'remote_storage_plugins: [mine]\nextra_config: {remote_storage_plugin.mine: {module_path: pkg}}',
    'tiers.2.url',
    'mine://',
  ],
  [
    'remote_storage_plugin: {mine: {module_path: pkg}}\nremote_storage_plugins: mine',
    'externals.0.kind',
    'connector',
  ],
  [
    'external_connector: {mine: {module_path: ./mine.mjs, class_name: Mine}}',
    'externals.0.className',
    'Mine',
  ],
  [
    'extra_config: {save_chunk_meta: false, any.thing: [1]}',
    'extraConfig',
    { save_chunk_meta: false, 'any.thing': [1] },
  ],
  ['runtime_plugin_locations: [p/a.py, /q]', 'plugins.locations', ['/srv/p/a.py', '/q']],
  ['plugin_locations: "p, /q"', 'plugins.locations', ['/srv/p', '/q']],
  ['plugin_locations: p\nruntime_plugin_locations: p', 'plugins.locationsKey', 'runtime_plugin_locations'],
  ['plugin_locations: p', 'plugins.locationsKey', 'plugin_locations'],
  ['runtime_plugin_extra_config: {a: {b: 1}}', 'plugins.extraConfig', { a: { b: 1 } }],
  ['extra_config: null', 'extraConfig', {}],
  ...PEERS,
];

/** Every key of LMCache's in-process configuration, release 0.5.6, and of its table of old names. */
const KEYS_OF_LMCACHE = `
  chunk_size local_cpu max_local_cpu_size local_cpu_use_hugepages reserve_local_cpu_size local_disk
  local_disk_path_sharding max_local_disk_size remote_url remote_serde use_layerwise save_decode_cache
  pre_caching_hash_algorithm enable_blending blend_recompute_ratios blend_thresholds blend_check_layers
  blend_min_tokens blend_special_str retrieve_locations store_location enable_p2p p2p_host p2p_init_ports
  p2p_lookup_ports mp_host mp_port enable_controller lmcache_instance_id controller_pull_url controller_reply_url
  lmcache_worker_ports lmcache_worker_ids lmcache_worker_heartbeat_delay_time lmcache_worker_heartbeat_time enable_pd
  pd_role pd_buffer_size pd_buffer_device pd_peer_host pd_peer_init_port pd_peer_alloc_port pd_peer_query_port
  pd_proxy_host pd_proxy_port pd_allocation_timeout_sec pd_shutdown_timeout_sec pd_condition_poll_interval_sec
  pd_max_prefill_len pd_backend_mode pd_skip_proxy_notification pd_bidirectional transfer_channel nixl_backends
  nixl_buffer_size nixl_buffer_device gds_path gds_path_sharding gds_buffer_size maru_path maru_pool_size use_gds
  gds_backend audit_actual_remote_url internal_api_server_host extra_config save_unfull_chunk blocking_timeout_secs
  external_lookup_client py_enable_gc cache_policy numa_mode enable_async_loading internal_api_server_enabled
  internal_api_server_port_start priority_limit internal_api_server_include_index_list
  internal_api_server_socket_path_prefix runtime_plugin_locations storage_plugins remote_storage_plugins
  lookup_timeout_ms min_retrieve_tokens hit_miss_ratio lookup_server_worker_ids enable_scheduler_bypass_lookup
  script_allowed_imports run_script_api_enabled enable_lazy_memory_allocator lazy_memory_initial_ratio
  lazy_memory_expand_trigger_ratio lazy_memory_step_ratio lazy_memory_safe_size enable_chunk_statistics
  chunk_statistics_auto_start_statistics chunk_statistics_auto_exit_timeout_hours
  chunk_statistics_auto_exit_target_unique_chunks chunk_statistics_strategy enable_kv_events use_gpu_connector_v3
  pin_timeout_sec pin_check_interval_sec remote_config_url app_id enable_hidden_state_cache
  max_hidden_state_cpu_size hidden_state_layers hidden_states_retrieve_mode
  enable_xpyd nixl_role nixl_peer_host nixl_peer_init_port nixl_peer_alloc_port nixl_proxy_host nixl_proxy_port
  nixl_peer_port controller_url lmcache_worker_port plugin_locations external_backends
  async_loading local_device pd_retrieve_locations pd_store_location
`
  .trim()
  .split(/\s+/);

describe('LMCache keys', () => {
  it.each(MAPPED)('%s → %s', (yaml, path, value) => {
    expect(load(yaml).config).toHaveProperty(path.split('.'), value);
  });

  it.each(KEYS_OF_LMCACHE)('%s is mapped or warned about, and no error', (key) => {
    if (settingPaths(KvnestSettings).has(key)) {
      expect(load(`${key}: null`).warnings).toEqual([]);
      expect(MAPPED.some(([yaml]) => yaml.startsWith(`${key}:`))).toBe(true);
    } else {
      expect(load(`${key}: 1`).warnings).toEqual([expect.stringContaining(key)]);
      expect(load(`${key}: null`).warnings).toEqual([]);
    }
  });

  it('are known once', () => {
    const mappedToo = [...LMCACHE_KEYS_WITHOUT_EFFECT].filter((key) => settingPaths(KvnestSettings).has(key));
    expect(mappedToo).toEqual([]);
  });

  it.each(['builtin', 'sha256', 'xxhash', 'xxhash_cbor', 'sha256_cbor_64bit'])(
    'hash %s is warned about',
    (name) => {
      const { config, warnings } = load(`pre_caching_hash_algorithm: ${name}`);
      expect(config).toMatchObject({ keyFormat: 'object', hashAlgorithm: 'blake3' });
      expect(warnings).toHaveLength(1);
    },
  );

  it.each(['LRU', 'LFU', 'FIFO', 'MRU'])('policy %s is taken', (name) => {
    const { config, warnings } = load(`cache_policy: ${name.toLowerCase()}`);
    expect(config.tiers.map(({ policy }) => policy)).toEqual([name, name]);
    expect(warnings).toEqual([]);
  });

  it('warns of several directories and uses the first', () => {
    const { config, warnings } = load('local_disk: "file:///mnt/a/, /mnt/b"');
    expect(config.tiers[1]?.path).toBe('/mnt/a');
    expect(warnings).toHaveLength(1);
  });

  it.each(['file://~/kv/', '~/kv', '~'])('warns of %s, which is no home directory, as in LMCache', (path) => {
    const { config, warnings } = load(`local_disk: "${path}"`);
    expect(config.tiers[1]?.path).toMatch(/^\/srv\/~/);
    expect(warnings).toEqual([expect.stringContaining('local_disk begins with ~')]);
  });

  it.each([
    'cache_policy: LURR',
    'pre_caching_hash_algorithm: sha257',
    'local_disk: ","',
    'max_local_cpu_size: -1',
  ])('%s is an error', (yaml) => {
    expect(() => load(yaml)).toThrow(expect.objectContaining({ code: 'KV_CONFIG_INVALID' }));
  });
});

describe('a file as LMCache users have it', () => {
  const yaml = `
# 256 Tokens per KV Chunk
chunk_size: 256
local_cpu: True
max_local_cpu_size: 80.0
local_disk: "file:///mnt/nvme/lmcache/"
max_local_disk_size: 200.0
remote_url: "redis://user:secret@10.0.0.5:6379"
remote_serde: "naive"
pre_caching_hash_algorithm: "sha256_cbor"
cache_policy: "LRU"
save_decode_cache: false
numa_mode: null
enable_p2p: False
internal_api_server_enabled: yes
external_backends: "a,b"
extra_config:
  external_backend.a.module_path: "pkg.a"
  external_backend.b.module_path: "pkg.b"
  use_odirect: True
`;

  it('works, with a warning for what has no effect, and one for what of it is in extra_config', () => {
    const { config, warnings } = load(yaml);
    expect(config).toMatchObject({
      chunkTokens: 256,
      arena: { capacityBytes: 80 * GIB },
      tiers: [
        { name: 'memory', capacityBytes: 80 * GIB },
        { name: 'disk', capacityBytes: 200 * GIB, path: '/mnt/nvme/lmcache' },
        { name: 'remote', type: 'remote', url: 'redis://user:secret@10.0.0.5:6379' },
        { name: 'a', type: 'a', capacityBytes: 0 },
        { name: 'b', type: 'b', capacityBytes: 0 },
      ],
      extraConfig: { 'external_backend.a.module_path': 'pkg.a', use_odirect: true },
    });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/save_decode_cache, internal_api_server_enabled/);
    expect(warnings[1]).toBe('extra_config: LMCache settings without effect in kvnest: use_odirect');
    expect(warnings.join()).not.toContain('secret');
  });
});

describe('extra_config', () => {
  it.each(['anything: 1', 's3_region: r', 'use_odirect: null', 'save_chunk_meta: false'])(
    "is no matter where a key has an effect, or is not LMCache's: %s",
    (extra) => {
      expect(load(`extra_config: {${extra}}`).warnings).toEqual([]);
    },
  );

  it('names the tier that takes the place of nixl storage', () => {
    const extras = 'extra_config: {enable_nixl_storage: true, nixl_path: /mnt/kv}';
    expect(load(extras).warnings).toEqual([
      expect.stringContaining('enable_nixl_storage, nixl_path'),
      expect.stringContaining('list a tier of type nixl_storage'),
    ]);
  });
});

describe('keys for peers', () => {
  it.each(['enable_p2p: true', 'enable_pd: true\npd_role: receiver', 'nixl: {transport: tcp}'])(
    'say that nobody is asked while no peer is named: %s',
    (yaml) => {
      const { config, warnings } = load(yaml);
      expect(config.tiers.map(({ type }) => type)).toEqual(['memory', 'disk']);
      expect(warnings).toEqual([expect.stringContaining('nixl.peers is not set')]);
    },
  );

  it.each(['enable_pd: true\npd_role: sender', 'nixl: {role: sender}'])(
    'need none at a sender, which others read from over NIXL: %s',
    (yaml) => {
      const { config, warnings } = load(yaml);
      expect(warnings).toEqual([]);
      expect(config.tiers.at(-1)).toMatchObject({ type: 'nixl', options: { role: 'sender' } });
    },
  );

  it('contradict a list of tiers', () => {
    expect(() =>
      load('tiers: [{type: memory, capacity: 1GiB}]\nmax_local_cpu_size: 1\nnixl.peers: kvnest://a'),
    ).toThrow(/nixl: contradicts tiers/);
  });

  it('are told when a way for bytes is not there', () => {
    const { warnings } = load('nixl.peers: kvnest://a\ntransfer_channel: mooncake_te');
    expect(warnings).toEqual([expect.stringContaining('transfer_channel mooncake_te is not there')]);
  });
});

it('names environment variables in one way', () => {
  const paths = [...settingPaths(KvnestSettings).keys()];
  expect(environmentName('doors.http.port')).toBe('KVNEST_DOORS_HTTP_PORT');
  expect(new Set(paths.map(environmentName)).size).toBe(paths.length);
});
