import { connect, type KvnestClient } from '../../../client/index.js';
import { type Trace } from '../../../modules/trace/trace.interface.js';
import { BlockBytes } from './block-bytes.js';
import { KeyRunner } from './key-runner.js';
import { type PaceOptions, replayAtPace } from './replay-at-pace.js';
import { type ReplayTotals } from './replay-totals.js';
import { TokenRunner } from './token-runner.js';

const DEFAULT_CHUNK_TOKENS = 256;

export interface ServerReplayOptions extends PaceOptions {
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * Replays a trace against a running server: by tokens where each request is a prefix, as in Mooncake's traces and in those of
 * engines, else by key.
 */
export async function replayAgainstServer(
  trace: Trace,
  { url, token, ...pace }: ServerReplayOptions,
): Promise<ReplayTotals> {
  await using client = await connect(url, {
    name: 'kvnest trace replay',
    connections: { streams: pace.atOnce },
    ...(token !== undefined && { token }),
  });
  const bytes = new BlockBytes(trace);
  const runner = isAllPrefixes(trace)
    ? new TokenRunner(client, trace, bytes, await chunkTokens(client))
    : new KeyRunner(client, trace, bytes);
  return await replayAtPace(trace, runner, pace);
}

/** Each request whole, from its first block, and each block behind the same one wherever it stands. */
function isAllPrefixes({
  requests,
  starts,
  blocks,
  depths,
  storesOnly,
  blockCount,
  blockBytes,
}: Trace): boolean {
  const parents = new Int32Array(blockCount).fill(-2);
  if (storesOnly.includes(1) || blockBytes.includes(0)) return false;
  for (let request = 0; request < requests; request++) {
    const from = starts[request] as number;
    for (let reference = from; reference < (starts[request + 1] as number); reference++) {
      const block = blocks[reference] as number;
      const parent = reference === from ? -1 : (blocks[reference - 1] as number);
      if (depths[reference] !== reference - from) return false;
      if (parents[block] !== -2 && parents[block] !== parent) return false;
      parents[block] = parent;
    }
  }
  return true;
}

async function chunkTokens(client: KvnestClient): Promise<number> {
  const [status] = (await client.status()).values();
  const { chunkTokens: tokens } = (status ?? {}) as { chunkTokens?: number };
  return tokens ?? DEFAULT_CHUNK_TOKENS;
}
