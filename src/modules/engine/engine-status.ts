import { type Tier } from '../tiers/tier.js';
import { type EngineCounters, type EngineStatus, type TierStatus } from './cache-engine.interface.js';
import { type CacheEngineParts } from './cache-engine-parts.interface.js';

/** A snapshot of the engine in plain data, for status pages and metrics. */
export function engineStatus(
  { arena, config, stack, chunker }: CacheEngineParts,
  counters: EngineCounters,
  draining: boolean,
): EngineStatus {
  const { capacityBytes, freeBytes, references } = arena.usage();
  return {
    draining,
    chunkTokens: config.chunkTokens,
    keyFormat: config.keyFormat,
    hashAlgorithm: config.hashAlgorithm,
    noneHash: chunker.noneHash,
    arena: { capacityBytes, freeBytes, references, native: arena.native },
    compression: stack.compression(),
    counters: { ...counters, refused: { ...counters.refused } },
    tiers: stack.tiers.map(tierStatus),
  };
}

function tierStatus(tier: Tier): TierStatus {
  const { name, type, capabilities } = tier.backend;
  return {
    name,
    type,
    persistent: capabilities.persistent,
    ...tier.backend.usage(),
    hits: tier.hits,
    stores: tier.stores,
    storesRefused: { ...tier.storesRefused },
    pendingBytes: tier.pendingBytes,
  };
}
