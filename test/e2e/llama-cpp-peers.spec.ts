import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PromptResult } from '../../examples/llama-cpp/engine/run-prompt.ts';
import { seededTokens } from '../../examples/llama-cpp/model/seeded-tokens.ts';
import { writeTinyModel } from '../../examples/llama-cpp/model/tiny-model.ts';
import { EngineProcess } from '../../examples/llama-cpp/process/engine-process.ts';
import { KvnestServer } from '../../examples/llama-cpp/process/kvnest-server.ts';
import { type ServerStatus } from '../../src/modules/health/status.controller.js';
import { describeWithLlama } from '../support/llama-platform.ts';
import { serverStatus } from '../support/llama-server.ts';
import { missingNixl, ucxEnvironment } from '../support/nixl/nixl-wheel.js';

const CHUNK_TOKENS = 256;
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

/** Over NIXL where it is installed; under CI it must be. */
const hasNixl = process.env['CI'] === 'true' || missingNixl() === undefined;
const WAYS = [
  ['tcp', 'tcp'],
  ['auto', hasNixl ? 'nixl' : 'tcp'],
] as const;

/** Disaggregated prefill: one engine computes beside its server, another one decodes beside its own. */
describeEngine.each(WAYS)('llama.cpp with two kvnests that are peers: %s, over %s', (transport, way) => {
  let folder: string;
  let model: string;
  /** Prompt B without a cache, on this processor: other processors round differently. */
  let cold: PromptResult;
  const servers: KvnestServer[] = [];
  let prefiller: KvnestServer;
  let decoder: KvnestServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-e2e-peers-'));
    model = join(folder, 'kvnest-tiny.gguf');
    await writeTinyModel(model);
    await using engine = await EngineProcess.start(model);
    cold = await engine.run({ tokens: promptB, generate: GENERATE });
    const start = async (options: object): Promise<KvnestServer> => {
      const memory = { type: 'memory', capacity: '64MiB' };
      const tiers = [memory, { name: 'peers', type: 'nixl', options: { transport, ...options } }];
      const path = await mkdtemp(join(folder, 'server-'));
      const server = await KvnestServer.start(path, { tiers }, hasNixl ? ucxEnvironment() : {});
      servers.push(server);
      return server;
    };
    prefiller = await start({ role: 'sender' });
    decoder = await start({ role: 'receiver', peers: [prefiller.urls.tcp] });
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  it('gives an engine what another one has computed, bit for bit', async () => {
    await using first = await EngineProcess.start(model);
    const stored = await first.run({
      tokens: promptA,
      generate: 1,
      cache: prefiller.urls.tcp,
      store: true,
    });
    expect(stored).toMatchObject({ chunksLoaded: 0, chunksStored: 4 });

    await using second = await EngineProcess.start(model);
    const warm = await second.run({ tokens: promptB, generate: GENERATE, cache: decoder.urls.tcp });
    expect(warm).toMatchObject({ chunksLoaded: 4, tokensComputed: 32 });
    expect(answerOf(warm)).toEqual(answerOf(cold));

    const { tiers } = await serverStatus(decoder);
    const peers = tiers.find(({ name }) => name === 'peers');
    expect(peers).toMatchObject({ hits: 4, healthy: true });
    expect(peers?.peers).toEqual([
      expect.objectContaining({ name: prefiller.urls.tcp, up: true, transport: way }),
    ]);
    // Nobody but who reads over NIXL is told where chunks lie: all four, and their bytes, came that way, or none.
    const { doors } = (await prefiller.status()) as ServerStatus;
    const { peer_chunks_located, peer_leased_bytes } = doors.find(({ name }) => name === 'tcp')!.counters;
    const bytes = peers?.peers?.[0]?.counters['hit_bytes'];
    expect([peer_chunks_located, peer_leased_bytes]).toEqual(way === 'nixl' ? [4, bytes] : [0, 0]);
  });

  it('computes all of it again when the other server is gone, with the same answer', async () => {
    await prefiller.stop();
    await using engine = await EngineProcess.start(model);
    const fresh = [...seededTokens(7, 4 * CHUNK_TOKENS, VOCABULARY), ...seededTokens(8, 9, VOCABULARY)];
    const alone = await engine.run({ tokens: fresh, generate: 2, cache: decoder.urls.tcp });
    expect(alone).toMatchObject({ chunksLoaded: 0, tokensComputed: fresh.length });
  });
});
