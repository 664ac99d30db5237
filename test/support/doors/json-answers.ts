import {
  type KeyOptions,
  type LookupAnswer,
  type LookupOptions,
  type PrefixOptions,
  type PrefixPlace,
  type PutRefusal,
  type PutResult,
  type StoreOptions,
} from '../../../src/client/index.js';

/** Requests and answers as HTTP and messages write them. */

export interface PlaceJson {
  readonly index: number;
  readonly start_token: number;
  readonly tokens: number;
  readonly key: string;
}

export interface LookupJson {
  readonly hit_tokens: number;
  readonly chunks: readonly (PlaceJson & { readonly tier: string })[];
}

export interface PutJson {
  readonly stored: boolean;
  readonly tiers?: readonly string[];
  readonly checksum?: string;
  readonly reason?: PutRefusal;
}

export function placeOf({ index, start_token, tokens, key }: PlaceJson): PrefixPlace {
  return { index, startToken: start_token, tokens, key };
}

export function lookupOf({ hit_tokens, chunks }: LookupJson): LookupAnswer {
  return {
    hitTokens: hit_tokens,
    chunks: chunks.map((chunk) => ({ ...placeOf(chunk), tier: chunk.tier })),
  };
}

export function putResultOf({ stored, tiers = [], checksum = '', reason = 'failed' }: PutJson): PutResult {
  return stored ? { stored, tiers, checksum: Number.parseInt(checksum, 16) } : { stored, reason };
}

export function checksumHex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

export function prefixJson(tokens: readonly number[], options: PrefixOptions): object {
  return {
    tokens,
    model: options.model,
    world_size: options.worldSize,
    worker_id: options.workerId,
    local_world_size: options.localWorldSize,
    local_rank: options.localRank,
    object_group_id: options.objectGroupId,
    dtype: options.dtype,
    cache_salt: options.cacheSalt,
  };
}

export function lookupJson(tokens: readonly number[], options: LookupOptions): object {
  return { ...prefixJson(tokens, options), pin_ms: options.pinMs };
}

export function storeJson(tokens: readonly number[], options: StoreOptions): object {
  const { ack, ttlMs, onlyIfAbsent } = options;
  return { ...prefixJson(tokens, options), ack, ttl_ms: ttlMs, only_if_absent: onlyIfAbsent };
}

export function keysJson(keys: readonly (string | Buffer)[], { namespace }: KeyOptions = {}): object {
  return { keys, namespace };
}
