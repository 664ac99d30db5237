import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PromptResult } from '../../examples/llama-cpp/engine/run-prompt.ts';
import { seededTokens } from '../../examples/llama-cpp/model/seeded-tokens.ts';
import { writeTinyModel } from '../../examples/llama-cpp/model/tiny-model.ts';
import { EngineProcess } from '../../examples/llama-cpp/process/engine-process.ts';
import { DOORS, type KvnestServer } from '../../examples/llama-cpp/process/kvnest-server.ts';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.ts';
import { describeWithLlama } from '../support/llama-platform.ts';
import { serverStatus, startServerOver, untilPersisted } from '../support/llama-server.ts';
import { MooncakeCluster } from '../support/mooncake/mooncake-cluster.ts';
import { missingMooncake } from '../support/mooncake/mooncake-process.ts';
import { describeWithPeer } from '../support/peer.ts';

const CHUNK_TOKENS = 256;
const CHUNK_BYTES = 2 * 2 ** 20;
const VOCABULARY = 512;
const GENERATE = 16;

const prefix = seededTokens(1, 4 * CHUNK_TOKENS, VOCABULARY);
const promptA = [...prefix, ...seededTokens(2, 17, VOCABULARY)];
const promptB = [...prefix, ...seededTokens(3, 32, VOCABULARY)];

/** A real store, in processes of its own. */
interface Store extends AsyncDisposable {
  url(): string;
}

const STORES: readonly (readonly [string, string | undefined, () => Promise<Store>])[] = [
  ['Mooncake', missingMooncake(), () => MooncakeCluster.start({ segments: ['64MB', '64MB'] })],
  ['InfiniStore', missingInfinistore(), () => InfinistoreServer.start()],
];

/** What must not depend on the cache: the logits, to the last bit, and the tokens. */
function answerOf({ logitsHash, generated }: PromptResult): object {
  return { logitsHash, generated };
}

describeWithLlama()('llama.cpp with kvnest over nothing but a store elsewhere', () => {
  let folder: string;
  /** What it computed, `reader` has never seen. */
  let writer: EngineProcess;
  let reader: EngineProcess;
  /** Prompt B without a cache, on this processor: other processors round differently. */
  let cold: PromptResult;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-e2e-stores-'));
    const model = join(folder, 'kvnest-tiny.gguf');
    await writeTinyModel(model);
    [writer, reader] = await Promise.all([EngineProcess.start(model), EngineProcess.start(model)]);
    cold = await writer.run({ tokens: promptB, generate: GENERATE });
  });

  afterAll(async () => {
    await writer[Symbol.asyncDispose]();
    await reader[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [name, missing, start] of STORES) {
    describeWithPeer(missing)(name, () => {
      let store: Store;

      /** A server that knows nothing: all there is comes from the store. */
      const startFresh = async (): Promise<KvnestServer> =>
        startServerOver(await mkdtemp(join(folder, 'server-')), store.url());

      beforeAll(async () => {
        store = await start();
      });

      afterAll(async () => {
        await store[Symbol.asyncDispose]();
      });

      it('takes the chunks of a prefix from an engine process', async () => {
        await using server = await startFresh();
        const cache = server.urls.tcp;
        const result = await writer.run({ tokens: promptA, generate: GENERATE, cache, store: true });
        await untilPersisted(server);

        expect(result).toMatchObject({ tokensComputed: 1041, chunksStored: 4, bytesStored: 4 * CHUNK_BYTES });
        expect(result.cacheError).toBeUndefined();
        const { tiers } = await serverStatus(server);
        expect(tiers).toMatchObject([{ name: 'pool' }]);
      });

      it('gives them, behind another server, to another engine process, which answers to the bit as without', async () => {
        await using server = await startFresh();
        for (const door of DOORS) {
          const cache = server.urls[door];
          const warm = await reader.run({ tokens: promptB, generate: GENERATE, cache });

          expect(warm).toMatchObject({ tokensComputed: 32, chunksLoaded: 4, bytesLoaded: 4 * CHUNK_BYTES });
          expect(warm.cacheError).toBeUndefined();
          expect(answerOf(warm)).toEqual(answerOf(cold));
        }
        const { counters } = await serverStatus(server);
        expect(counters).toMatchObject({ hits: 4 * DOORS.length, corruptReads: 0 });
      });

      it('has an engine compute everything when it is gone', async () => {
        await using server = await startFresh();
        await store[Symbol.asyncDispose]();
        const alone = await reader.run({ tokens: promptB, generate: GENERATE, cache: server.urls.tcp });

        expect(alone).toMatchObject({ tokensComputed: 1056, chunksLoaded: 0 });
        expect(answerOf(alone)).toEqual(answerOf(cold));
      });
    });
  }
});
