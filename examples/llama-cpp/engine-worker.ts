/**
 * An engine process: `node engine-worker.ts MODEL.gguf`. Requests come in as lines of JSON, answers go out as lines
 * of JSON (see process/messages.ts); it ends when its standard input does.
 */
import { createInterface } from 'node:readline';
import { openCache } from './cache/open-cache.ts';
import { CHUNK_TOKENS, LlamaEngine } from './engine/llama-engine.ts';
import { type PromptResult, runPrompt } from './engine/run-prompt.ts';
import { type WorkerReady, type WorkerReply, type WorkerRequest } from './process/messages.ts';

async function answer(engine: LlamaEngine, { cache: url, ...request }: WorkerRequest): Promise<PromptResult> {
  if (url === undefined) return runPrompt(engine, undefined, request);
  await using cache = openCache(url, engine.modelId, CHUNK_TOKENS);
  return await runPrompt(engine, cache, request);
}

function send(reply: WorkerReply<WorkerReady | PromptResult>): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

function sendError(error: unknown): void {
  const { message, code } = error as NodeJS.ErrnoException;
  send({ error: { message, ...(code !== undefined && { code }) } });
}

async function serve(modelPath: string): Promise<void> {
  await using engine = await LlamaEngine.open(modelPath);
  const { modelId, chunkBytes, vocabularySize } = engine;
  send({ modelId, chunkBytes, vocabularySize });
  for await (const line of createInterface({ input: process.stdin })) {
    await answer(engine, JSON.parse(line) as WorkerRequest).then(send, sendError);
  }
}

const [, , modelPath = ''] = process.argv;
await serve(modelPath).catch((error: unknown) => {
  sendError(error);
  process.exitCode = 1;
});
