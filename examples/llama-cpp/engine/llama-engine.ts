import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Llama, type LlamaContextSequence, LlamaLogLevel, type Token, getLlama } from 'node-llama-cpp';
import { cutChunk, joinChunks } from '../state/chunks.ts';
import { type KvLayout, bytesPerToken, describeLayout } from '../state/kv-layout.ts';
import { StateFormatError } from '../state/state-error.ts';
import { parseState } from '../state/state-file.ts';
import { ScratchFile } from './scratch-file.ts';

/** Tokens of one chunk, as in LMCache. */
export const CHUNK_TOKENS = 256;

const CONTEXT_OPTIONS = {
  contextSize: 4096,
  threads: 1,
  flashAttention: true,
  // llama.cpp rounds differently in batches of fewer than 64 tokens: with the length of a chunk, the batches of the
  // last tokens are the same, however many chunks were restored.
  batchSize: CHUNK_TOKENS,
};

/** What the model says after a token. */
export interface NextToken {
  readonly token: number;
  /** Raw logits by token, before sampling. */
  readonly logits: Float32Array;
}

/**
 * llama.cpp in this process, with one sequence. Its arithmetic is the same in every run on the same kind of
 * processor, to the last bit, with restored chunks or without.
 */
export class LlamaEngine implements AsyncDisposable {
  readonly #llama: Llama;
  readonly #sequence: LlamaContextSequence;
  /** Equal for engines that may exchange chunks: same weights, same element types of the cache. */
  readonly modelId: string;
  readonly layout: KvLayout;
  readonly vocabularySize: number;

  private constructor(llama: Llama, sequence: LlamaContextSequence, layout: KvLayout, modelId: string) {
    this.#llama = llama;
    this.#sequence = sequence;
    this.layout = layout;
    this.modelId = modelId;
    this.vocabularySize = sequence.model.fileInfo.metadata.tokenizer.ggml.tokens.length;
  }

  /** @throws StateFormatError for a model whose state cannot be cut by tokens. */
  static async open(modelPath: string): Promise<LlamaEngine> {
    const llama = await startLlama();
    try {
      const model = await llama.loadModel({ modelPath });
      const context = await model.createContext(CONTEXT_OPTIONS);
      const sequence = context.getSequence();
      const layout = await probeLayout(sequence);
      return new LlamaEngine(llama, sequence, layout, await modelIdOf(modelPath, layout));
    } catch (error) {
      await llama.dispose();
      throw error;
    }
  }

  /** Tokens that went through the model since it was opened: the work that a cache saves. */
  get tokensComputed(): number {
    const { usedInputTokens, usedOutputTokens } = this.#sequence.tokenMeter;
    return usedInputTokens + usedOutputTokens;
  }

  get chunkBytes(): number {
    return CHUNK_TOKENS * bytesPerToken(this.layout);
  }

  async reset(): Promise<void> {
    await this.#sequence.clearHistory();
  }

  /**
   * Starts from the keys and values of the first `chunks.length * CHUNK_TOKENS` tokens instead of computing them.
   * When it fails, the context is empty.
   */
  async restore(tokens: readonly number[], chunks: readonly Buffer[]): Promise<void> {
    using file = new ScratchFile();
    await file.write(joinChunks(tokens, this.layout, chunks, CHUNK_TOKENS));
    try {
      await this.#sequence.loadStateFromFile(file.path, { acceptRisk: true });
    } catch (error) {
      await this.reset();
      throw error;
    }
  }

  /** Computes those of `tokens` that come after what is there already. */
  async evaluate(tokens: readonly number[]): Promise<NextToken> {
    const missing = tokens.slice(this.#sequence.nextTokenIndex) as Token[];
    const last = missing.pop();
    if (last === undefined) throw new RangeError('There must be at least one token to compute');
    const greedy = { logits: true, token: true, options: { temperature: 0 } } as const;
    const outputs = await this.#sequence.controlledEvaluate([...missing, [last, { generateNext: greedy }]]);
    const next = outputs.at(-1)?.next;
    if (next?.logits === undefined || next.token == null) throw new Error('The engine gave no next token');
    return { token: next.token, logits: byToken(next.logits) };
  }

  /** The chunks number `first` up to `end` (exclusive) of what is in the context. */
  async capture(first: number, end: number): Promise<Buffer[]> {
    using file = new ScratchFile();
    await this.#sequence.saveStateToFile(file.path);
    const state = parseState(await file.read());
    return Array.from({ length: end - first }, (_, index) => cutChunk(state, first + index, CHUNK_TOKENS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#llama.dispose();
  }
}

/** Loads the prebuilt library; never compiles or downloads one. */
export async function startLlama(): Promise<Llama> {
  return getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    maxThreads: 1,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
    logger: (_level, message) => process.stderr.write(message),
  });
}

/** Learns from a state of one token how this model keeps its keys and values. */
async function probeLayout(sequence: LlamaContextSequence): Promise<KvLayout> {
  if (sequence.needsCheckpoints) throw new StateFormatError('This model forgets or folds its older tokens');
  using file = new ScratchFile();
  await sequence.evaluateWithoutGeneratingNewTokens([0 as Token]);
  await sequence.saveStateToFile(file.path);
  const { layout } = parseState(await file.read());
  await sequence.clearHistory();
  return layout;
}

async function modelIdOf(modelPath: string, layout: KvLayout): Promise<string> {
  const hash = createHash('sha256').update(describeLayout(layout));
  await pipeline(createReadStream(modelPath, { highWaterMark: 2 ** 20 }), hash);
  const name = basename(modelPath, '.gguf').replaceAll(/[^\w.-]/g, '_');
  return `${name}-${hash.digest('hex').slice(0, 16)}`;
}

function byToken(logits: ReadonlyMap<Token, number>): Float32Array {
  const values = new Float32Array(logits.size);
  for (const [token, logit] of logits) values[token] = logit;
  return values;
}
