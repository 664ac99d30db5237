import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectKeys } from '../../examples/llama-cpp/cache/object-key.ts';
import { type PromptResult } from '../../examples/llama-cpp/engine/run-prompt.ts';
import { seededTokens } from '../../examples/llama-cpp/model/seeded-tokens.ts';
import { writeTinyModel } from '../../examples/llama-cpp/model/tiny-model.ts';
import { EngineProcess } from '../../examples/llama-cpp/process/engine-process.ts';
import { type Door, DOORS, type KvnestServer } from '../../examples/llama-cpp/process/kvnest-server.ts';
import { flipByteOnDisk } from '../support/llama-disk.ts';
import { describeWithLlama } from '../support/llama-platform.ts';
import { RawChunks } from '../support/llama-raw-chunks.ts';
import { serverStatus, startServer, untilPersisted } from '../support/llama-server.ts';

const CHUNK_TOKENS = 256;
const CHUNK_BYTES = 2 * 2 ** 20;
const VOCABULARY = 512;
const GENERATE = 16;

const prefix = seededTokens(1, 4 * CHUNK_TOKENS, VOCABULARY);
const promptA = [...prefix, ...seededTokens(2, 17, VOCABULARY)];
const promptB = [...prefix, ...seededTokens(3, 32, VOCABULARY)];

/** What must not depend on the cache: the logits, to the last bit, and the tokens. */
function answerOf({ logitsHash, generated }: PromptResult): object {
  return { logitsHash, generated };
}

const describeEngine = describeWithLlama();

describeEngine('llama.cpp with kvnest', () => {
  let folder: string;
  let model: string;
  let keys: readonly string[];
  /** Prompt B without a cache, on this processor: other processors round differently. */
  let cold: PromptResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-e2e-'));
    model = join(folder, 'kvnest-tiny.gguf');
    await writeTinyModel(model);
    await using engine = await EngineProcess.start(model);
    keys = await objectKeys(engine.modelId, prefix, CHUNK_TOKENS);
    cold = await engine.run({ tokens: promptB, generate: GENERATE });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('computes the whole prompt without a cache', () => {
    expect(cold).toMatchObject({ tokensComputed: 1056, chunksLoaded: 0, bytesLoaded: 0 });
    expect(cold.generated).toHaveLength(GENERATE);
  });

  describe.each(DOORS)('through %s', (door) => {
    let data: string;
    let server: KvnestServer;
    let engine: EngineProcess;

    const runB = async (through: Door = door): Promise<PromptResult> =>
      engine.run({ tokens: promptB, generate: GENERATE, cache: server.urls[through] });
    const chunkOf = async (key: string): Promise<Buffer> => {
      await using raw = new RawChunks(server.urls.resp);
      return await raw.get(key);
    };

    beforeAll(async () => {
      data = await mkdtemp(join(folder, `${door}-`));
      server = await startServer(data);
    });

    afterAll(async () => {
      await server.stop();
      await engine[Symbol.asyncDispose]();
    });

    it('stores the four chunks of a prefix from one engine process', async () => {
      await using first = await EngineProcess.start(model);
      const result = await first.run({
        tokens: promptA,
        generate: GENERATE,
        cache: server.urls[door],
        store: true,
      });

      expect(result).toMatchObject({ tokensComputed: 1041, chunksStored: 4, bytesStored: 4 * CHUNK_BYTES });
      expect(result.cacheError).toBeUndefined();
      await expect(serverStatus(server)).resolves.toMatchObject({
        counters: { puts: 4, stored: 4, bytesIn: 8_388_608, hits: 0 },
      });
    });

    it('gives them to a fresh engine process, which computes 32 tokens instead of 1,056', async () => {
      engine = await EngineProcess.start(model);
      const warm = await runB();

      expect(warm).toMatchObject({ tokensComputed: 32, chunksLoaded: 4, bytesLoaded: 4 * CHUNK_BYTES });
      expect(warm.cacheError).toBeUndefined();
      expect(answerOf(warm)).toEqual(answerOf(cold));
      await expect(serverStatus(server)).resolves.toMatchObject({
        counters: { hits: 4, bytesOut: 8_388_608, corruptReads: 0 },
      });
      process.stdout.write(
        `${door}: first token after ${warm.firstTokenMs.toFixed(0)} ms, ${cold.firstTokenMs.toFixed(0)} ms without\n`,
      );
    });

    it.each(DOORS.filter((other) => other !== door))('finds them through %s, too', async (other) => {
      const warm = await runB(other);

      expect(warm).toMatchObject({ tokensComputed: 32, chunksLoaded: 4 });
      expect(answerOf(warm)).toEqual(answerOf(cold));
    });

    it('answers otherwise when a chunk holds other values', async () => {
      await using raw = new RawChunks(server.urls.resp);
      const good = await raw.get(keys[1]!);
      const bad = Buffer.from(good);
      for (let sign = 1; sign < 2 * 2048; sign += 2) bad[sign]! ^= 0x80;
      await raw.set(keys[1]!, bad);
      const wrong = await runB();
      await raw.set(keys[1]!, good);

      expect(wrong).toMatchObject({ tokensComputed: 32, chunksLoaded: 4 });
      expect(wrong.logitsHash).not.toBe(cold.logitsHash);
    });

    it('uses the chunks before one that is missing, and stores what was missing', async () => {
      await using raw = new RawChunks(server.urls.resp);
      await raw.delete(keys[2]!);
      const partial = await engine.run({
        tokens: promptB,
        generate: GENERATE,
        cache: server.urls[door],
        store: true,
      });
      const whole = await runB();

      expect(partial).toMatchObject({
        tokensComputed: 32 + 2 * CHUNK_TOKENS,
        chunksLoaded: 2,
        chunksStored: 2,
      });
      expect(answerOf(partial)).toEqual(answerOf(cold));
      expect(whole).toMatchObject({ tokensComputed: 32, chunksLoaded: 4 });
      expect(answerOf(whole)).toEqual(answerOf(cold));
    });

    it('computes everything when the server is gone', async () => {
      await server.stop();
      const alone = await runB();

      expect(alone).toMatchObject({ tokensComputed: 1056, chunksLoaded: 0 });
      expect(alone.cacheError).toBeDefined();
      expect(answerOf(alone)).toEqual(answerOf(cold));
    });

    // What a server does on its own, whichever door its clients use, is seen often enough through two.
    if (door === 'tcp') return;

    it.each(['SIGTERM', 'SIGKILL'] as const)('has them still after %s and a new start', async (signal) => {
      if (signal === 'SIGKILL') await untilPersisted(server);
      await server.stop(signal);
      server = await startServer(data);
      const warm = await runB();

      expect(warm).toMatchObject({ tokensComputed: 32, chunksLoaded: 4 });
      expect(answerOf(warm)).toEqual(answerOf(cold));
    });

    it('refuses a chunk of which a byte has flipped on the disk', async () => {
      const chunk = await chunkOf(keys[1]!);
      await server.stop();
      await flipByteOnDisk(data, chunk);
      server = await startServer(data);
      const partial = await runB();

      expect(partial).toMatchObject({ tokensComputed: 32 + 3 * CHUNK_TOKENS, chunksLoaded: 1 });
      expect(partial.cacheError).toBeUndefined();
      expect(answerOf(partial)).toEqual(answerOf(cold));
      await expect(serverStatus(server)).resolves.toMatchObject({
        counters: { corruptReads: 1 },
        tiers: [{ corruptions: 0 }, { corruptions: 1 }],
      });
    });

    it('uses the chunks before one that was evicted', async () => {
      await server.stop();
      server = await startServer(await mkdtemp(join(folder, `${door}-small-`)), { memoryOnlyMiB: 9 });
      await using raw = new RawChunks(server.urls.resp);
      await engine.run({ tokens: promptA, generate: 1, cache: server.urls[door], store: true });
      for (const index of [0, 1, 3]) await raw.get(keys[index]!);
      await raw.set('filler', Buffer.alloc(CHUNK_BYTES));
      const partial = await runB();
      const { tiers } = await serverStatus(server);

      expect(partial).toMatchObject({ tokensComputed: 32 + 2 * CHUNK_TOKENS, chunksLoaded: 2 });
      expect(answerOf(partial)).toEqual(answerOf(cold));
      expect(tiers).toMatchObject([{ evictions: 1 }]);
    });
  });
});
