import { type KvnestConfig, type TierConfig } from '../../config/kvnest-config.interface.js';
import { redact, redactConfig } from '../../config/redact-config.js';
import { type DoorAddresses } from './door-addresses.js';

const BYTES_PER_LMCACHE_GB = 2 ** 30;

/**
 * What a plugin finds in `LMCACHE_PLUGIN_CONFIG`. The settings stand at the top by the names of LMCache's YAML file, so
 * that plugins written for LMCache read what they expect; `http_config` is as in LMCache's multiprocess mode; all of
 * the configuration of this server is under `kvnest`. Secrets are hidden but in `runtime_plugin_extra_config`, which is
 * meant for plugins.
 */
export function pluginConfig(config: KvnestConfig, doors: DoorAddresses): Record<string, unknown> {
  return {
    ...(redact(lmcacheSettings(config)) as Record<string, unknown>),
    ...(doors.http === undefined
      ? {}
      : { http_config: { http_host: doors.http.hostname, http_port: Number(doors.http.port || 80) } }),
    runtime_plugin_extra_config: config.plugins.extraConfig,
    kvnest: redactConfig(config),
  };
}

function lmcacheSettings(config: KvnestConfig): Record<string, unknown> {
  const memory = firstOf(config.tiers, 'memory');
  const disk = firstOf(config.tiers, 'disk');
  return {
    chunk_size: config.chunkTokens,
    local_cpu: memory !== undefined,
    max_local_cpu_size: gigabytes(memory?.capacityBytes ?? config.arena.capacityBytes),
    local_disk: disk?.path ?? null,
    max_local_disk_size: gigabytes(disk?.capacityBytes ?? 0),
    cache_policy: config.tiers[0]?.policy ?? null,
    ...remoteSettings(firstOf(config.tiers, 'remote')),
    save_unfull_chunk: config.savePartialChunks,
    pin_timeout_sec: config.pinTimeoutMs / 1000,
    pre_caching_hash_algorithm: config.hashAlgorithm,
    runtime_plugin_locations: config.plugins.locations,
    extra_config: config.extraConfig,
  };
}

function remoteSettings(remote: TierConfig | undefined): Record<string, unknown> {
  return { remote_url: remote?.url ?? null, remote_serde: remote?.options['serde'] ?? null };
}

function gigabytes(bytes: number): number {
  return bytes / BYTES_PER_LMCACHE_GB;
}

function firstOf(tiers: readonly TierConfig[], type: string): TierConfig | undefined {
  return tiers.find((tier) => tier.type === type);
}
