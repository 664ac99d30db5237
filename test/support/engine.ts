import { type Arena } from '../../src/arena/arena.interface.js';
import { ArenaSpaceService } from '../../src/arena/arena-space.js';
import { createArena } from '../../src/arena/create-arena.js';
import { MemoryBackend } from '../../src/backends/memory/memory.backend.js';
import { type StorageBackend } from '../../src/backends/storage-backend.interface.js';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { type KvnestConfig, type PluginPolicy } from '../../src/config/kvnest-config.interface.js';
import { type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { type TieredCacheEngine } from '../../src/modules/engine/cache-engine.js';
import { createEngine } from '../../src/modules/engine/engine.module.js';
import { findEvictionPolicy } from '../../src/modules/tiers/eviction/eviction-policies.catalog.js';
import { Tier } from '../../src/modules/tiers/tier.js';
import { TierStack } from '../../src/modules/tiers/tier-stack.js';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';

export interface TestEngineOptions {
  readonly arenaBytes?: number;
  readonly native?: boolean;
  /** False: no memory tier. */
  readonly memory?: boolean;
  readonly clock?: Clock;
  readonly config?: Partial<KvnestConfig>;
  /** Tiers behind memory, built over the same arena. */
  readonly tiers?: (parts: {
    arena: Arena;
    space: ArenaSpaceService;
    clock: Clock;
  }) => readonly StorageBackend[];
}

export interface TestEngine {
  readonly engine: TieredCacheEngine;
  readonly arena: Arena;
  readonly stack: TierStack;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

const TEST_PLUGIN_POLICY: PluginPolicy = {
  restart: 'on-failure',
  maxRestarts: 5,
  restartWindowMs: 60_000,
  backoffMs: 10,
  backoffMaxMs: 100,
  startTimeoutMs: 0,
  stopTimeoutMs: 1000,
  heartbeatMs: 0,
  nice: 0,
  memoryBytes: undefined,
  maxLineBytes: 16 * 1024,
  maxOutputBytesPerSecond: MIB,
  passEnvironment: [],
};

/** Every door shut. */
export const NO_DOORS: KvnestConfig['doors'] = {
  http: false,
  resp: false,
  lm: false,
  tcp: false,
  nest: false,
};

/** The settings of an engine without doors; everything small and quick. */
export function testConfig(overrides: Partial<KvnestConfig> = {}): KvnestConfig {
  return {
    chunkTokens: 256,
    keyFormat: 'object',
    hashAlgorithm: 'blake3',
    hashSeed: undefined,
    savePartialChunks: false,
    dataDir: '/nonexistent',
    arena: { capacityBytes: 32 * MIB, native: true },
    tiers: [],
    externals: [],
    doors: NO_DOORS,
    auth: { token: undefined },
    plugins: {
      locations: [],
      locationsKey: 'runtime_plugin_locations',
      role: 'all',
      workerId: 0,
      workerCount: 1,
      extraConfig: {},
      defaults: TEST_PLUGIN_POLICY,
      scripts: {},
    },
    trace: { record: false, path: '/nonexistent/trace.jsonl', maxBytes: 2 ** 20 },
    leaseMs: 10_000,
    pinTimeoutMs: 300_000,
    admissionTimeoutMs: 50,
    maxPendingBytes: 16 * MIB,
    readAheadChunks: 4,
    maxReadAheadBytes: 0,
    prefetch: { loads: 4, bytes: 64 * MIB },
    drainTimeoutMs: 1000,
    logLevel: 'error',
    extraConfig: {},
    ...overrides,
  };
}

/** A real engine over a real arena: everything below the doors. */
export async function createTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const { arenaBytes = 32 * MIB, native = true, memory = true, clock = systemClock } = options;
  const arena = createArena({ capacityBytes: arenaBytes, native });
  const space = new ArenaSpaceService(arena);
  const policy = findEvictionPolicy('LRU');
  const backends = [
    ...(memory
      ? [new MemoryBackend({ name: 'memory', capacityBytes: arenaBytes, arena, space, policy, clock })]
      : []),
    ...(options.tiers?.({ arena, space, clock }) ?? []),
  ];
  await Promise.all(backends.map((backend) => backend.open()));
  const config = testConfig(options.config);
  const stack = new TierStack(
    backends.map((backend) => new Tier(backend)),
    space,
    clock,
    {
      maxPromotionBytes: config.maxPendingBytes / 2,
      crc32c: (bytes, previous) => arena.crc32c(bytes, previous),
    },
  );
  const engine = await createEngine(config, arena, stack, clock);
  return {
    engine,
    arena,
    stack,
    close: async () => {
      engine.beginDrain();
      await engine.settled();
      for (const backend of backends) await backend.close();
      await stack.ended();
      arena.close();
    },
  };
}

/** Stores bytes under a key as a door does. */
export async function put(
  { engine }: { readonly engine: CacheEngine },
  key: ChunkKey,
  bytes: Uint8Array,
  options: {
    readonly ack?: 'memory' | 'all';
    readonly onlyIfAbsent?: boolean;
    readonly expiresAtMs?: number;
    readonly metadata?: Uint8Array;
  } = {},
): Promise<string> {
  const { metadata } = options;
  const reservation = await engine.reserve(key, bytes.length, {
    ...(metadata && { metadataCapacityBytes: metadata.length }),
  });
  if ('refused' in reservation) return reservation.refused;
  using open = reservation;
  let from = 0;
  for (const view of open.views) {
    view.set(bytes.subarray(from, from + view.length));
    from += view.length;
  }
  const result = await open.commit({ checksum: engine.crc32c(bytes), ...options });
  return result.stored ? 'stored' : (result.reason ?? 'unknown');
}

/** The bytes of a chunk, copied out; undefined on a miss. */
export async function get(
  { engine }: { readonly engine: CacheEngine },
  key: ChunkKey,
): Promise<Buffer | undefined> {
  const handle = await engine.get(key);
  if (handle === undefined) return undefined;
  using open = handle;
  return Buffer.concat(open.views);
}
