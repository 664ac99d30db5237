import { type LookupResult } from './cache-engine.interface.js';

/** What was found of a prefix. */
export function lookupResult(chunks: LookupResult['chunks']): LookupResult {
  return { hitTokens: chunks.reduce((sum, { tokens }) => sum + tokens, 0), chunks };
}
