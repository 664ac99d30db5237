import { connect, type KvnestClient } from '../../../client/index.js';
import { type Trace } from '../../../modules/trace/trace.interface.js';
import { BlockBytes } from './block-bytes.js';
import { KeyRunner } from './key-runner.js';
import { Prefill } from './prefill.js';
import { type PaceOptions, replayAtPace } from './replay-at-pace.js';
import { type ReplayTotals } from './replay-totals.js';
import { TokenRunner } from './token-runner.js';

const DEFAULT_CHUNK_TOKENS = 256;

export interface ServerReplayOptions extends PaceOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** How many tokens a second a slot computes that the server does not have; `Infinity` = at once. */
  readonly prefillRate: number;
}

/**
 * Replays a trace against a running server: by tokens where each request is a prefix, as in Mooncake's traces and in those of
 * engines, else by key.
 */
export async function replayAgainstServer(
  trace: Trace,
  { url, token, prefillRate, ...pace }: ServerReplayOptions,
): Promise<ReplayTotals> {
  await using client = await connect(url, {
    name: 'kvnest trace replay',
    connections: { streams: pace.atOnce },
    ...(token !== undefined && { token }),
  });
  const bytes = new BlockBytes(trace);
  const prefill = new Prefill(trace, prefillRate);
  const before = await statusOf(client);
  const runner = isAllPrefixes(trace)
    ? new TokenRunner(client, trace, bytes, prefill, before.chunkTokens ?? DEFAULT_CHUNK_TOKENS)
    : new KeyRunner(client, trace, bytes, prefill);
  const totals = await replayAtPace(trace, runner, pace);
  totals.tierReads = readsBetween(before, await statusOf(client));
  return totals;
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

/** What is read here of a server's status. */
interface ServerStatus {
  readonly chunkTokens?: number;
  readonly tiers?: readonly { readonly name: string; readonly hits: number }[];
}

async function statusOf(client: KvnestClient): Promise<ServerStatus> {
  const [status] = (await client.status()).values();
  return status ?? {};
}

function readsBetween(before: ServerStatus, after: ServerStatus): Readonly<Record<string, number>> {
  const earlier = new Map(before.tiers?.map(({ name, hits }) => [name, hits]));
  const reads = after.tiers?.map(({ name, hits }) => [name, hits - (earlier.get(name) ?? 0)] as const);
  return Object.fromEntries(reads ?? []);
}
