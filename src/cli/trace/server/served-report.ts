import { formatBytes } from '../../../common/format-bytes.js';
import { formatTable } from '../../format-table.js';
import { type ReplayTotals } from './replay-totals.js';
import { serverReplayJson, spread } from './server-report.js';

/** One replay against a server of its own. */
export interface ServedRow {
  /** Requests that wait and are prefetched; 0 = none. */
  readonly prefetch: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly buffered: boolean;
  readonly totals: ReplayTotals;
}

/** For programs: the fields of a replay against a server, and what the server was given. */
export function servedJson({ prefetch, memoryBytes, diskBytes, buffered, totals }: ServedRow): object {
  return {
    prefetch,
    capacity_bytes: memoryBytes,
    disk_bytes: diskBytes,
    page_cache: buffered,
    ...serverReplayJson(totals),
  };
}

/** For people; times in milliseconds, p50 / p95 / p99. */
export function formatServed(rows: readonly ServedRow[]): string {
  const head = ['prefetch', 'blocks hit', 'prefetched', 'requests/s', 'blocks/s', 'read/s'];
  return formatTable([
    [...head, 'first block, ms', 'last block, ms', 'waited for a slot, ms'],
    ...rows.map(({ prefetch, totals }) => [
      prefetch === 0 ? 'off' : String(prefetch),
      String(totals.hits.hitBlocks),
      String(totals.prefetched),
      (totals.hits.requests / totals.seconds).toFixed(1),
      (totals.hits.hitBlocks / totals.seconds).toFixed(0),
      formatBytes(totals.bytesRead / totals.seconds),
      percentiles(totals.firstMs),
      percentiles(totals.lastMs),
      percentiles(totals.lateMs),
    ]),
  ]);
}

function percentiles(valuesMs: readonly number[]): string {
  const values = spread(valuesMs);
  return values === null ? '-' : [values.p50, values.p95, values.p99].map((ms) => ms.toFixed(1)).join(' / ');
}
