import { type LookupResult, type PrefixChunk } from '../../../engine/cache-engine.interface.js';

/** A place in a prefix, as JSON. */
export interface PlaceJson {
  readonly index: number;
  readonly start_token: number;
  readonly tokens: number;
  readonly key: string;
}

export function placeJson({ index, startToken, tokens, key }: PrefixChunk): PlaceJson {
  return { index, start_token: startToken, tokens, key: key.toString() };
}

export function lookupJson({ hitTokens, chunks }: LookupResult): object {
  return {
    hit_tokens: hitTokens,
    chunks: chunks.map((chunk) => ({ ...placeJson(chunk), tier: chunk.tier })),
  };
}

/** A CRC-32C in eight hexadecimal digits. */
export function checksumToHex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
