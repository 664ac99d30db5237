// Writes and reads 4 MiB chunks at depth 4 through the disk backend, and as many bytes with fio past the page cache,
// in turns and in the same file, for two files of one virtual disk may differ threefold; prints the ratios. Every
// round of the backend's writes puts all chunks anew, so it does not matter what fio has written over.
// Needs `npx nest build` and fio.
//   node benchmarks/disk.bench.mjs [--dir=/tmp] [--rounds=7] [--chunks=192] [--chunk-mib=4]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ArenaSpaceService } from '../dist/arena/arena-space.js';
import { createArena } from '../dist/arena/create-arena.js';
import { DiskBackend } from '../dist/backends/disk/disk.backend.js';
import { systemClock } from '../dist/common/clock.js';
import { lruPolicy } from '../dist/modules/tiers/eviction/lru.policy.js';
import { ChunkKey } from '../dist/protocols/chunk-key/chunk-key.js';

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: tmpdir() },
    rounds: { type: 'string', default: '7' },
    chunks: { type: 'string', default: '192' },
    'chunk-mib': { type: 'string', default: '4' },
  },
});
const MIB = 2 ** 20;
const DEPTH = 4;
const rounds = Number(values.rounds);
const chunks = Number(values.chunks);
const chunkBytes = Number(values['chunk-mib']) * MIB;
const totalBytes = chunks * chunkBytes;
const directory = mkdtempSync(join(values.dir, 'kvnest-bench-disk-'));

const logger = { log: () => undefined, warn: console.warn, error: console.error };
const arena = createArena({ capacityBytes: (2 * DEPTH + 2) * chunkBytes + 16 * MIB, logger });
const space = new ArenaSpaceService(arena);
const backend = new DiskBackend({
  name: 'disk',
  path: join(directory, 'tier'),
  // Full after one round: from then on every put evicts, as in a tier that has been in use for a while.
  capacityBytes: Math.ceil((totalBytes + 2 * DEPTH * chunkBytes) * 1.03) + 16 * MIB,
  policy: lruPolicy,
  arena,
  space,
  clock: systemClock,
  logger,
});

/** Calls `work(i)` for all chunks, `DEPTH` at a time. @returns GB/s and CPU milliseconds per GB. */
async function measure(work) {
  let next = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: DEPTH }, async () => {
      while (next < chunks) await work(next++);
    }),
  );
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return { speed: totalBytes / 1e6 / ms, cpu: (user + system) / 1e3 / (totalBytes / 1e9) };
}

const keyOf = (i) => ChunkKey.of(`model@1@0@${i.toString(16).padStart(64, '0')}`);

/** Sealed chunks are made outside of the measured time: they come from a door that pays for them. */
const sources = Array.from({ length: DEPTH }, (_, i) => {
  const handle = space.reserve({ key: ChunkKey.of(`source-${i}`), lengthBytes: chunkBytes });
  for (const view of handle.views)
    for (let at = 0; at < view.length; at += 8) view.writeDoubleLE(Math.random(), at);
  const checksum = handle.views.reduce((crc, view) => arena.crc32c(view, crc), 0);
  handle.seal(checksum);
  return handle;
});

/** The same bytes under another key: what the backend reads of a handle. */
const renamed = (source, key) => ({
  __proto__: null,
  slot: source.slot,
  generation: source.generation,
  state: 'sealed',
  key,
  lengthBytes: source.lengthBytes,
  views: source.views,
  checksum: source.checksum,
  metadata: source.metadata,
  attributes: source.attributes,
  retain: () => renamed(source, key),
  [Symbol.dispose]: () => undefined,
});

async function put(i) {
  const [outcome] = await backend.putMany([renamed(sources[i % DEPTH], keyOf(i))]);
  if (outcome !== 'stored') throw new Error(`put: ${outcome}`);
}

async function get(i) {
  const handle = await backend.get(keyOf(i));
  if (typeof handle === 'string') throw new Error(`get: ${handle}`);
  handle[Symbol.dispose]();
}

function fio(side, engine) {
  const result = spawnSync('fio', [
    '--name=bench',
    `--filename=${join(directory, 'tier', 'chunks.dat')}`,
    `--rw=${side}`,
    `--bs=${chunkBytes}`,
    `--size=${totalBytes}`,
    '--direct=1',
    ...engine,
    '--output-format=json',
  ]);
  if (result.error) throw result.error;
  const { jobs } = JSON.parse(result.stdout.toString());
  const job = jobs[0];
  const seconds = job[side].runtime / 1e3;
  return {
    speed: job[side].bw_bytes / 1e9,
    cpu: (((job.usr_cpu + job.sys_cpu) / 100) * seconds * 1e3) / (totalBytes / 1e9),
  };
}

const ONE_JOB = ['--ioengine=psync'];
const DEPTH_4 = ['--ioengine=libaio', `--iodepth=${DEPTH}`];

const runs = {
  'write kvnest': () => measure(put),
  'write fio, one job': () => fio('write', ONE_JOB),
  'write fio, depth 4': () => fio('write', DEPTH_4),
  'read kvnest': () => measure(get),
  'read fio, one job': () => fio('read', ONE_JOB),
  'read fio, depth 4': () => fio('read', DEPTH_4),
};

/** Reads of the backend follow its writes, before fio writes again. */
const EVEN = [
  'write fio, one job',
  'write fio, depth 4',
  'write kvnest',
  'read kvnest',
  'read fio, one job',
  'read fio, depth 4',
];
const ODD = [
  'write kvnest',
  'read fio, depth 4',
  'read fio, one job',
  'read kvnest',
  'write fio, depth 4',
  'write fio, one job',
];

await backend.open();
// The file is laid out before anything is measured.
await measure(put);
await measure(put);
const results = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const name of round % 2 === 0 ? EVEN : ODD) results[name].push(await runs[name]());
}
await backend.close();
arena.close();
rmSync(directory, { recursive: true });

const sorted = (numbers) => numbers.toSorted((a, b) => a - b);
const spread = (numbers, digits) => {
  const all = sorted(numbers);
  return [all[0], all[Math.floor(all.length / 2)], all.at(-1)].map((n) => n.toFixed(digits)).join(' / ');
};
console.log(
  `${chunks} chunks of ${chunkBytes / MIB} MiB, depth ${DEPTH}, ${rounds} rounds in ${values.dir}\n`,
);
console.log('| | GB/s (min / median / max) | CPU ms per GB | ratio to one job | ratio to depth 4 |');
console.log('|---|---|---|---|---|');
for (const [name, samples] of Object.entries(results)) {
  const side = name.split(' ')[0];
  const ratio = (other) =>
    spread(
      samples.map(({ speed }, i) => speed / results[`${side} fio, ${other}`][i].speed),
      2,
    );
  const ratios = name.endsWith('kvnest') ? [ratio('one job'), ratio('depth 4')] : ['', ''];
  console.log(
    `| ${name} | ${spread(
      samples.map(({ speed }) => speed),
      2,
    )} | ${spread(
      samples.map(({ cpu }) => cpu),
      0,
    )} | ${ratios.join(' | ')} |`,
  );
}
