import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededTokens } from '../../examples/llama-cpp/model/seeded-tokens.ts';
import { EngineProcess } from '../../examples/llama-cpp/process/engine-process.ts';
import { type Architecture, writeOddModel } from '../support/llama-odd-models.ts';
import { describeWithLlama } from '../support/llama-platform.ts';

const describeEngine = describeWithLlama();

describeEngine('models of llama.cpp', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-models-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function start(architecture: Architecture): Promise<EngineProcess> {
    const path = join(folder, `${architecture}.gguf`);
    await writeOddModel(path, architecture);
    return EngineProcess.start(path);
  }

  it('are taken when they keep one full-attention cache, and named after their contents', async () => {
    await using engine = await start('qwen2');
    const result = await engine.run({ tokens: seededTokens(1, 40, engine.vocabularySize), generate: 2 });

    expect(engine.modelId).toMatch(/^qwen2-[\da-f]{16}$/);
    expect(engine.chunkBytes).toBe(256 * 4 * 2 * 64 * 2);
    expect(result.tokensComputed).toBe(40);
  });

  it.each(['cohere2', 'qwen2vl'] as const)(
    'are refused when their state cannot be cut: %s',
    async (architecture) => {
      await expect(start(architecture)).rejects.toMatchObject({ code: 'KV_EXAMPLE_STATE_FORMAT' });
    },
  );

  it('are reported when they are no models', async () => {
    await expect(EngineProcess.start(join(folder, 'absent.gguf'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
