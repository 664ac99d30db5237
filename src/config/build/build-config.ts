import { join, resolve } from 'node:path';
import { type Findings } from '../findings.js';
import { type KvnestConfig, type TierConfig } from '../kvnest-config.interface.js';
import { type KvnestSettings } from '../settings/kvnest.settings.js';
import { buildDoors } from './doors.js';
import { buildExternals } from './externals.js';
import { buildExtraConfig } from './extra-config.js';
import { buildHashing } from './hashing.js';
import { BYTES_PER_LMCACHE_GB } from './lmcache-tiers.js';
import { buildModules } from './modules.js';
import { buildPlugins } from './plugins.js';
import { type BuildContext } from './tier-context.js';
import { buildTiers } from './tiers.js';
import { searchFolders, usedExternals } from './used-externals.js';

const MAX_DEFAULT_PENDING_BYTES = 256 * 2 ** 20;

/** The configuration that settings stand for; what does not fit together goes to `findings`. */
export function buildConfig(
  settings: KvnestSettings,
  context: BuildContext,
  findings: Findings,
): KvnestConfig {
  const searchFrom = searchFolders(context);
  const externals = buildExternals(settings, { ...context, searchFrom }, findings);
  const doors = buildDoors(settings, context.cwd, findings);
  const tiers = buildTiers(settings, { ...context, externals, doors }, findings);
  const dataDir = resolve(context.cwd, settings.data_dir);
  const arenaBytes = settings.arena.capacity ?? defaultArenaBytes(settings, tiers);
  return {
    chunkTokens: settings.chunk_size,
    ...buildHashing(settings, findings),
    hashSeed: settings.hash_seed,
    savePartialChunks: settings.save_unfull_chunk,
    dataDir,
    arena: { capacityBytes: arenaBytes, native: settings.arena.native },
    tiers,
    externals: [
      ...usedExternals(externals, tiers, { ...context, areListed: settings.tiers !== undefined }),
      ...buildModules(settings, searchFrom, findings),
    ],
    doors,
    auth: { token: settings.auth.token },
    plugins: buildPlugins(settings, context.cwd, findings),
    trace: {
      record: settings.trace.record,
      path: resolve(context.cwd, settings.trace.path ?? join(dataDir, 'trace.jsonl')),
      maxBytes: settings.trace.max_size,
    },
    leaseMs: settings.lease_ms,
    pinTimeoutMs: Math.ceil(settings.pin_timeout_sec * 1000),
    admissionTimeoutMs: settings.admission_timeout_ms,
    maxPendingBytes: settings.max_pending ?? Math.min(MAX_DEFAULT_PENDING_BYTES, Math.floor(arenaBytes / 2)),
    readAheadChunks: settings.read_ahead_chunks,
    maxReadAheadBytes: settings.max_read_ahead ?? Math.floor(arenaBytes / 4),
    prefetch: { loads: settings.prefetch.loads_per_tier, bytes: settings.prefetch.bytes_per_tier },
    drainTimeoutMs: settings.drain_timeout_ms,
    logLevel: settings.log_level,
    extraConfig: buildExtraConfig(settings, findings),
  };
}

/** What the memory tiers need; without one, LMCache's size, through which chunks pass on their way to disk. */
function defaultArenaBytes(settings: KvnestSettings, tiers: readonly TierConfig[]): number {
  const memory = tiers
    .filter(({ type }) => type === 'memory')
    .reduce((sum, tier) => sum + tier.capacityBytes, 0);
  if (memory > 0) return memory;
  return Math.floor(
    (settings.max_local_cpu_size > 0 ? settings.max_local_cpu_size : 1) * BYTES_PER_LMCACHE_GB,
  );
}
