import { formatBytes } from '../../../common/format-bytes.js';
import { formatTable } from '../../format-table.js';
import { type ReplayTotals } from './replay-totals.js';

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** For programs; times in milliseconds, rates 0 to 1, what does not apply is null. */
export function serverReplayJson(totals: ReplayTotals): object {
  const { hits, seconds } = totals;
  return {
    requests: hits.requests,
    blocks: hits.blocks,
    hit_blocks: hits.hitBlocks,
    hit_rate_blocks: share(hits.hitBlocks, hits.blocks),
    hit_rate_tokens: share(hits.hitTokens, hits.tokens),
    bytes_read: totals.bytesRead,
    bytes_stored: totals.bytesStored,
    blocks_refused: totals.refused,
    blocks_wrong: totals.wrong,
    blocks_prefetched: totals.prefetched,
    prefetches_failed: totals.prefetchesFailed,
    seconds,
    requests_per_second: share(hits.requests, seconds),
    blocks_read_per_second: share(hits.hitBlocks, seconds),
    bytes_read_per_second: share(totals.bytesRead, seconds),
    bytes_stored_per_second: share(totals.bytesStored, seconds),
    tier_reads: totals.tierReads,
    first_block_ms: spread(totals.firstMs),
    last_block_ms: spread(totals.lastMs),
    late_ms: spread(totals.lateMs),
  };
}

/** For people. */
export function formatServerReplay(totals: ReplayTotals): string {
  const { hits, seconds, bytesRead, bytesStored, refused, wrong, prefetchesFailed } = totals;
  const rate = (part: number): string => (seconds === 0 ? '0 B' : formatBytes(part / seconds));
  const perSecond = (count: number): string => share(count, seconds).toFixed(1);
  return formatTable([
    ['requests', `${hits.requests} in ${seconds.toFixed(1)} s, ${perSecond(hits.requests)}/s`],
    ['blocks hit', `${share(hits.hitBlocks, hits.blocks).toFixed(4)} of ${hits.blocks}`],
    ['tokens hit', `${share(hits.hitTokens, hits.tokens).toFixed(4)} of ${hits.tokens}`],
    ['read', `${formatBytes(bytesRead)}, ${rate(bytesRead)}/s, ${perSecond(hits.hitBlocks)} blocks/s`],
    ['stored', `${formatBytes(bytesStored)}, ${rate(bytesStored)}/s`],
    ['first block', formatSpread(totals.firstMs)],
    ['last block', formatSpread(totals.lastMs)],
    ...(totals.lateMs.length > 0 ? [['waited for a slot', formatSpread(totals.lateMs)]] : []),
    ...(totals.prefetched > 0 ? [['blocks prefetched', String(totals.prefetched)]] : []),
    ...(refused > 0 ? [['blocks refused', String(refused)]] : []),
    ...(prefetchesFailed > 0 ? [['prefetches failed', String(prefetchesFailed)]] : []),
    ...(wrong > 0 ? [['blocks wrong', String(wrong)]] : []),
  ]);
}

function formatSpread(valuesMs: readonly number[]): string {
  const values = spread(valuesMs);
  if (values === null) return 'none';
  return Object.entries(values)
    .map(([name, ms]: [string, number]) => `${name} ${ms.toFixed(1)} ms`)
    .join(', ');
}

export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] as number;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
