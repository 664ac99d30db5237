/**
 * `node demo.ts [--model FILE.gguf] [--via http|resp|tcp | --url http://…, redis://… or kvnest://…]`: computes a prefix in
 * one engine process, uses it in another, and prints what that saves. Starts a server of its own unless it is given a URL.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type PromptResult } from './engine/run-prompt.ts';
import { seededTokens } from './model/seeded-tokens.ts';
import { writeTinyModel } from './model/tiny-model.ts';
import { EngineProcess } from './process/engine-process.ts';
import { type Door, DOORS, KvnestServer } from './process/kvnest-server.ts';
import { formatRuns } from './report.ts';

const PREFIX_TOKENS = 1024;
const GENERATED_TOKENS = 16;

const { values: options } = parseArgs({
  options: { model: { type: 'string' }, url: { type: 'string' }, via: { type: 'string' } },
});

/** The door of a server of the demo's own. */
function chosenDoor(): Door {
  const { url, via = 'http' } = options;
  if (url !== undefined && options.via !== undefined)
    throw new Error('With --url its scheme says which door: leave --via out');
  const door = DOORS.find((name) => name === via);
  if (door === undefined) throw new Error(`There is no door ${via}: use --via ${DOORS.join(', ')}`);
  return door;
}

/** One prompt in an engine process that has seen nothing before. */
async function runInFreshProcess(
  model: string,
  suffix: { readonly seed: number; readonly length: number },
  cache: { readonly cache?: string; readonly store?: boolean },
): Promise<PromptResult> {
  await using engine = await EngineProcess.start(model);
  const prefix = seededTokens(1, PREFIX_TOKENS, engine.vocabularySize);
  const tokens = [...prefix, ...seededTokens(suffix.seed, suffix.length, engine.vocabularySize)];
  return await engine.run({ tokens, generate: GENERATED_TOKENS, ...cache });
}

async function compare(model: string, url: string): Promise<void> {
  process.stdout.write(`One prefix of ${PREFIX_TOKENS} tokens, three engine processes, ${url}\n\n`);
  const first = await runInFreshProcess(model, { seed: 2, length: 17 }, { cache: url, store: true });
  if (first.cacheError !== undefined) throw new Error(`The cache does not answer: ${first.cacheError}`);
  const cold = await runInFreshProcess(model, { seed: 3, length: 32 }, {});
  const warm = await runInFreshProcess(model, { seed: 3, length: 32 }, { cache: url });
  process.stdout.write(
    formatRuns([
      ['1  first prompt, stores its prefix', first],
      ['2  second prompt, without the cache', cold],
      ['3  second prompt, with the cache', warm],
    ]),
  );
  const same = cold.logitsHash === warm.logitsHash && cold.generated.join() === warm.generated.join();
  if (!same || warm.chunksLoaded === 0)
    throw new Error(same ? 'The cache was not used' : 'The answers differ');
  const ratio = (cold.firstTokenMs / warm.firstTokenMs).toFixed(1);
  process.stdout.write(
    `\nTime to first token of the second prompt, without the cache / with it: ${ratio}\n` +
      'Logits and tokens are the same to the last bit.\n',
  );
}

const folder = await mkdtemp(join(tmpdir(), 'kvnest-demo-'));
try {
  const door = chosenDoor();
  const model = options.model ?? join(folder, 'kvnest-tiny.gguf');
  if (options.model === undefined) await writeTinyModel(model);
  if (options.url === undefined) {
    await using server = await KvnestServer.start(folder);
    await compare(model, server.urls[door]);
  } else {
    await compare(model, options.url);
  }
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
