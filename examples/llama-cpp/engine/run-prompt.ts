import { createHash } from 'node:crypto';
import { type PrefixCache } from '../cache/prefix-cache.interface.ts';
import { CHUNK_TOKENS, type LlamaEngine } from './llama-engine.ts';

export interface PromptRequest {
  readonly tokens: readonly number[];
  /** How many tokens to generate, greedily. */
  readonly generate: number;
  /** Keep the prompt's whole chunks that the cache did not have. */
  readonly store?: boolean;
}

export interface PromptResult {
  readonly generated: readonly number[];
  /** SHA-256 of the raw logits after the prompt. */
  readonly logitsHash: string;
  /** From the request to the first token, cache included. */
  readonly firstTokenMs: number;
  /** Prompt tokens that went through the model. */
  readonly tokensComputed: number;
  readonly chunksLoaded: number;
  readonly chunksStored: number;
  readonly bytesLoaded: number;
  readonly bytesStored: number;
  /** What went wrong with the cache; the prompt was answered all the same. */
  readonly cacheError?: string;
}

/** Answers one prompt, with what the cache has of it. A cache that fails costs time, never the answer. */
export async function runPrompt(
  engine: LlamaEngine,
  cache: PrefixCache | undefined,
  { tokens, generate, store = false }: PromptRequest,
): Promise<PromptResult> {
  const errors: string[] = [];
  const attempt = async (step: () => Promise<number>): Promise<number> =>
    step().catch((error: unknown) => {
      errors.push(error instanceof Error ? error.message : String(error));
      return 0;
    });
  const computedBefore = engine.tokensComputed;
  const startedMs = performance.now();
  await engine.reset();
  const chunksLoaded = cache ? await attempt(async () => restorePrefix(engine, cache, tokens)) : 0;
  const first = await engine.evaluate(tokens);
  const firstTokenMs = performance.now() - startedMs;
  const tokensComputed = engine.tokensComputed - computedBefore;
  const generated = await continueGreedily(engine, tokens, first.token, generate);
  const chunksStored =
    cache && store ? await attempt(async () => storePrefix(engine, cache, tokens, chunksLoaded)) : 0;
  return {
    generated,
    logitsHash: createHash('sha256').update(first.logits).digest('hex'),
    firstTokenMs,
    tokensComputed,
    chunksLoaded,
    chunksStored,
    bytesLoaded: chunksLoaded * engine.chunkBytes,
    bytesStored: chunksStored * engine.chunkBytes,
    ...(errors.length > 0 && { cacheError: errors.join('; ') }),
  };
}

/** @returns how many chunks did not have to be computed. One token is always left: the model must say what follows it. */
async function restorePrefix(
  engine: LlamaEngine,
  cache: PrefixCache,
  tokens: readonly number[],
): Promise<number> {
  const found = await cache.lookup(tokens.slice(0, -1));
  if (found === 0) return 0;
  const chunks = await cache.load(tokens, found);
  if (chunks.length > 0) await engine.restore(tokens, chunks);
  return chunks.length;
}

async function storePrefix(
  engine: LlamaEngine,
  cache: PrefixCache,
  tokens: readonly number[],
  first: number,
): Promise<number> {
  const end = Math.floor(tokens.length / CHUNK_TOKENS);
  return first < end ? cache.save(tokens, first, await engine.capture(first, end)) : 0;
}

async function continueGreedily(
  engine: LlamaEngine,
  prompt: readonly number[],
  first: number,
  count: number,
): Promise<number[]> {
  const generated = [first];
  while (generated.length < count) {
    const { token } = await engine.evaluate([...prompt, ...generated]);
    generated.push(token);
  }
  return generated;
}
