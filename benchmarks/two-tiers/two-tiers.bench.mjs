// A trace against a server with memory and a disk of ten times that, in a process of its own: time to the first and the last chunk of a
// request, and throughput, with prefetch off and on. Off and on take turns, each against an empty server, with the disk past the page
// cache and through it, as fast as the server answers and at a multiple of the trace's speed, where an engine's slots compute.
//   node benchmarks/two-tiers/two-tiers.bench.mjs [--rounds=3] [--requests=400] [--prefetch=8] [--json]
// Takes some 3 minutes on two quiet processors; where it is slower, there are fewer rounds.
// The trace is the conversation one of KVNEST_TRACES, or sessions made up from a seed.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OwnServer } from '../../dist/cli/trace/server/own-server.js';
import { replayAgainstServer } from '../../dist/cli/trace/server/replay-against-server.js';
import { serverReplayJson } from '../../dist/cli/trace/server/server-report.js';
import { readTrace } from '../../dist/modules/trace/format/read-trace.js';
import { sessions } from './sessions.mjs';

const MIB = 2 ** 20;
/** No round begins later. */
const MOST_MS = 150_000;
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    requests: { type: 'string', default: '400' },
    prefetch: { type: 'string', default: '8' },
    // Of a block of 512 tokens: 64 KiB.
    'bytes-per-token': { type: 'string', default: '128' },
    'memory-mib': { type: 'string', default: '64' },
    slots: { type: 'string', default: '8' },
    speed: { type: 'string', default: '20' },
    prefill: { type: 'string', default: '60000' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(flags.rounds);
const memoryBytes = Number(flags['memory-mib']) * MIB;
const folder = mkdtempSync(join(process.env.KVNEST_BENCH_DIR ?? tmpdir(), 'kvnest-bench-two-tiers-'));

const PACES = {
  'as fast as it answers': { speed: Infinity, prefillRate: Infinity },
  [`${flags.speed} × the trace's speed`]: { speed: Number(flags.speed), prefillRate: Number(flags.prefill) },
};
const DISKS = { 'past the page cache': false, 'page cache': true };
const PREFETCHES = [0, Number(flags.prefetch)];

async function traceFor() {
  const published = join(process.env.KVNEST_TRACES ?? '', 'conversation_trace.jsonl');
  const isThere = process.env.KVNEST_TRACES !== undefined && existsSync(published);
  const path = isThere ? published : join(folder, 'sessions.jsonl');
  if (!isThere) writeFileSync(path, sessions(Number(flags.requests)));
  console.log(
    isThere ? "the conversation trace of Mooncake's" : 'sessions made up: KVNEST_TRACES names no traces',
  );
  return readTrace(path, { bytesPerToken: Number(flags['bytes-per-token']) });
}

async function replay(trace, buffered, pace, prefetchAhead) {
  await using server = await OwnServer.start({
    memoryBytes,
    diskBytes: 10 * memoryBytes,
    path: folder,
    buffered,
  });
  const totals = await replayAgainstServer(trace, {
    ...pace,
    prefetchAhead,
    requests: Number(flags.requests),
    atOnce: Number(flags.slots),
    url: server.url,
    token: undefined,
  });
  const result = serverReplayJson(totals);
  if (result.blocks_wrong > 0) throw new Error(`${result.blocks_wrong} blocks came back wrong`);
  return result;
}

const sorted = (samples) => samples.toSorted((a, b) => a - b);
const median = (samples) => sorted(samples)[Math.floor(samples.length / 2)];

function spread(samples) {
  const all = sorted(samples);
  return `${median(all).toFixed(2)} (${all[0].toFixed(2)}–${all.at(-1).toFixed(2)})`;
}

function percentiles(results, field) {
  const names = ['p50', 'p95', 'p99'];
  return names
    .map((name) => median(results.map((result) => result[field]?.[name] ?? 0)).toFixed(1))
    .join(' / ');
}

function row(pace, disk, prefetch, results, off) {
  const of = (pick) => median(results.map(pick));
  const ratio = (pick) =>
    prefetch === 0 ? '' : spread(results.map((result, round) => pick(result) / pick(off[round])));
  return [
    `${pace}, ${disk}`,
    prefetch === 0 ? 'off' : prefetch,
    percentiles(results, 'first_block_ms'),
    percentiles(results, 'last_block_ms'),
    of((result) => result.requests_per_second).toFixed(1),
    of((result) => result.blocks_read_per_second).toFixed(0),
    `${(of((result) => result.bytes_read_per_second) / MIB).toFixed(0)} MiB`,
    of((result) => result.blocks_prefetched / Math.max(1, result.hit_blocks)).toFixed(2),
    ratio((result) => result.first_block_ms.p50),
    ratio((result) => result.last_block_ms.p95),
    ratio((result) => result.requests_per_second),
  ];
}

try {
  const trace = await traceFor();
  const cells = Object.entries(PACES).flatMap(([pace, options]) =>
    Object.entries(DISKS).map(([disk, buffered]) => ({ pace, options, disk, buffered, results: new Map() })),
  );
  for (const { results } of cells) for (const prefetch of PREFETCHES) results.set(prefetch, []);
  const beganMs = performance.now();
  for (let round = 0; round < rounds && performance.now() - beganMs < MOST_MS; round++) {
    for (const { pace, options, disk, buffered, results } of cells) {
      for (const prefetch of round % 2 === 0 ? PREFETCHES : PREFETCHES.toReversed()) {
        const result = await replay(trace, buffered, options, prefetch);
        results.get(prefetch).push(result);
        if (flags.json) console.log(JSON.stringify({ round, pace, disk, prefetch, ...result }));
      }
    }
  }
  const head = [
    '',
    'prefetch',
    'first chunk, ms: p50 / p95 / p99',
    'last chunk, ms',
    'requests/s',
    'chunks/s',
    'read/s',
  ];
  const table = [
    [...head, 'prefetched ÷ hits', 'first p50 ÷ off', 'last p95 ÷ off', 'requests/s ÷ off'],
    Array(head.length + 4).fill('---'),
    ...cells.flatMap(({ pace, disk, results }) =>
      [...results].map(([prefetch, some]) => row(pace, disk, prefetch, some, results.get(0))),
    ),
  ];
  for (const line of table) console.log(`| ${line.join(' | ')} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
