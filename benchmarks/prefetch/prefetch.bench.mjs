// A prompt of 64 chunks of 2 MiB, a third of it in memory, a third on disk and a third in Redis: how long a retrieve takes to its
// first and to its last chunk, beside the same tiers read one after the other, with as many loads at a time and one at a time.
// Turns in one run, ratios with their spread; then what RxJS costs for each chunk.
//   node benchmarks/prefetch/prefetch.bench.mjs [--rounds=31] [--chunks=64] [--mib=2]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../../dist/app.module.js';
import { loadConfig } from '../../dist/config/load-config.js';
import { CACHE_ENGINE } from '../../dist/modules/engine/cache-engine.interface.js';
import { readAhead } from '../../dist/modules/prefetch/read-ahead.js';
import { TIER_STACK } from '../../dist/modules/tiers/tiers.tokens.js';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '31' },
    chunks: { type: 'string', default: '64' },
    mib: { type: 'string', default: '2' },
  },
});
const [rounds, chunkCount, mib] = [flags.rounds, flags.chunks, flags.mib].map(Number);
const CHUNK_TOKENS = 256;
/** Rounds that are not counted: a server has been running for a while. */
const WARM_UP = 30;
const WINDOW = 8;
const folder = mkdtempSync(join(process.env.KVNEST_BENCH_DIR ?? tmpdir(), 'kvnest-bench-prefetch-'));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  server.close();
  return port;
}

async function startRedis() {
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const redis = spawn('redis-server', args, { stdio: 'ignore' });
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.unref();
    });
    if (open) return { redis, port };
    await delay(50);
  }
  throw new Error('redis-server does not answer');
}

function configFor(redisPort) {
  const tiers = [
    { type: 'memory', capacity: '1GiB' },
    { type: 'disk', capacity: '2GiB', path: join(folder, 'disk') },
    { name: 'redis', type: 'remote', url: `redis://127.0.0.1:${redisPort}` },
  ];
  const settings = [
    `tiers=${JSON.stringify(tiers)}`,
    `data_dir=${folder}`,
    `read_ahead_chunks=${WINDOW}`,
    'doors.http=false',
    'doors.resp=false',
    'doors.lm=false',
    'doors.tcp=false',
    'doors.nest=false',
    'log_level=error',
  ];
  return loadConfig({ argv: settings.flatMap((setting) => ['--set', setting]), env: {} }).config;
}

const request = {
  model: 'bench',
  tokens: Uint32Array.from({ length: chunkCount * CHUNK_TOKENS }, (_, i) => (i * 7919) % 50_000),
};

/** Which tier has chunk number `index`: the prompt's beginning is in memory. */
const placeOf = (index) => Math.min(2, Math.floor((3 * index) / chunkCount));

async function store(engine, chunk, bytes) {
  using reservation = await engine.reserveChunk(chunk, bytes.length);
  if (reservation.refused !== undefined) throw new Error(`not stored: ${reservation.refused}`);
  let from = 0;
  for (const view of reservation.views) from += bytes.copy(view, 0, from);
  const { tiers } = await reservation.commit({ checksum: engine.crc32c(bytes), ack: 'all' });
  if (tiers.length !== 3) throw new Error(`stored in ${tiers.join()} only`);
}

/** Takes what was promoted out of the tiers in front again. */
async function takeBack(stack, chunks) {
  await stack.settled();
  for (const { index, key } of chunks) {
    for (let tier = 0; tier < 3; tier++) {
      if (tier !== placeOf(index)) await stack.tiers[tier].backend.remove(key);
    }
  }
}

function clocked(chunks$) {
  const began = performance.now();
  let first;
  let count = 0;
  return new Promise((resolve, reject) => {
    chunks$.subscribe({
      next: ({ handle }) => {
        first ??= performance.now() - began;
        count++;
        handle[Symbol.dispose]();
      },
      error: reject,
      complete: () =>
        count === chunkCount
          ? resolve({ first, last: performance.now() - began })
          : reject(new Error(`${count} of ${chunkCount} chunks`)),
    });
  });
}

/** One tier after the other, with so many loads at a time. */
async function tierByTier(engine, stack, window) {
  const began = performance.now();
  const chunks = engine.chunks(request);
  let first;
  let slowest = 0;
  for (let place = 0; place < 3; place++) {
    const placeBegan = performance.now();
    const items = chunks.filter(({ index }) => placeOf(index) === place);
    const source = { locate: (keys) => ({ now: keys.map(() => 'tier') }), read: (key) => stack.read(key) };
    await new Promise((resolve, reject) => {
      readAhead(items, source, { window }).subscribe({
        next: ({ handle }) => {
          first ??= performance.now() - began;
          handle[Symbol.dispose]();
        },
        error: reject,
        complete: resolve,
      });
    });
    slowest = Math.max(slowest, performance.now() - placeBegan);
  }
  const last = performance.now() - began;
  return { first, last, bound: last / slowest };
}

function spread(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const [low, middle, high] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

/** Chunks that are all in memory: what is left is the pipeline. */
async function overhead(engine, stack, chunks) {
  const times = 40;
  for (const { key } of chunks) (await stack.read(key))[Symbol.dispose]();
  const measure = async (work) => {
    for (let i = 0; i < 10; i++) await work();
    const began = performance.now();
    for (let i = 0; i < times; i++) await work();
    return (1000 * (performance.now() - began)) / times / chunkCount;
  };
  const bare = await measure(() => {
    for (const { key } of engine.chunks(request)) stack.read(key)[Symbol.dispose]();
  });
  const pipeline = await measure(() => clocked(engine.retrieve(request)));
  return pipeline - bare;
}

const { redis, port } = await startRedis();
const app = await NestFactory.createApplicationContext(AppModule.forRoot(configFor(port)), {
  logger: ['error', 'fatal'],
});
try {
  const [engine, stack] = [app.get(CACHE_ENGINE), app.get(TIER_STACK)];
  const chunks = engine.chunks(request);
  const bytes = Buffer.alloc(mib * 2 ** 20, 7);
  for (const chunk of chunks) await store(engine, chunk, bytes);
  await takeBack(stack, chunks);
  const contestants = {
    retrieve: () => clocked(engine.retrieve(request)),
    'tier by tier': () => tierByTier(engine, stack, WINDOW),
    'chunk by chunk': () => tierByTier(engine, stack, 1),
  };
  const samples = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -WARM_UP; round < rounds; round++) {
    const names = Object.keys(contestants);
    if (round % 2 === 1) names.reverse();
    for (const name of names) {
      const took = await contestants[name]();
      if (round >= 0) samples[name].push(took);
      await takeBack(stack, chunks);
    }
  }
  const ours = samples.retrieve;
  console.log('|  | first chunk, ms | last chunk, ms | last chunk ÷ retrieve |\n| --- | --- | --- | --- |');
  for (const [name, took] of Object.entries(samples)) {
    const ratio = spread(took.map(({ last }, round) => last / ours[round].last));
    console.log(
      `| ${[name, spread(took.map(({ first }) => first)), spread(took.map(({ last }) => last)), ratio].join(' | ')} |`,
    );
  }
  const bounds = spread(samples['tier by tier'].map(({ bound }) => bound));
  console.log(
    `\nTier by tier ÷ its slowest tier alone: ${bounds}; no reader of all at a time is faster than that`,
  );
  console.log(`\nRxJS and the pipeline: ${(await overhead(engine, stack, chunks)).toFixed(1)} µs a chunk`);
} finally {
  await app.close();
  redis.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
