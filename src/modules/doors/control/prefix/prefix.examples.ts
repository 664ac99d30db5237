/** For the API document. */
export const CHUNK_EXAMPLE = { index: 0, start_token: 0, tokens: 256, key: 'model@1@0@hash@bfloat16' };

export const LOOKUP_EXAMPLE = { hit_tokens: 256, chunks: [{ ...CHUNK_EXAMPLE, tier: 'memory' }] };
