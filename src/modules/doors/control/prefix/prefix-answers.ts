import { type LookupResult, type PrefixChunk } from '../../../engine/cache-engine.interface.js';

/** A chunk of a prefix as JSON. */
export interface ChunkJson {
  readonly index: number;
  readonly start_token: number;
  readonly tokens: number;
  readonly key: string;
}

export interface LookupJson {
  readonly hit_tokens: number;
  readonly chunks: readonly (ChunkJson & { readonly tier: string })[];
}

export function chunkJson({ index, startToken, tokens, key }: PrefixChunk): ChunkJson {
  return { index, start_token: startToken, tokens, key: key.toString() };
}

export function lookupJson({ hitTokens, chunks }: LookupResult): LookupJson {
  return {
    hit_tokens: hitTokens,
    chunks: chunks.map((chunk) => ({ ...chunkJson(chunk), tier: chunk.tier })),
  };
}
