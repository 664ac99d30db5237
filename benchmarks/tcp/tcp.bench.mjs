// The TCP door and kvnest/client against a server of the same frames on node:net, one in C on epoll, our other doors, Nest's
// JSON, and Redis: one client process, turns in one run, ratios with their spread. Parts:
//   node benchmarks/tcp/tcp.bench.mjs [--parts transfer,client,nest,lookups] [--rounds 5] [--mib 512] [--sizes 0.0625,1,4,32] [--connections 1,2,4]
import { execFileSync, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MIB = 1024 * 1024;
const ARENA_MIB = 1536;
/** Larger than the processor's caches, as the values of a cache are. */
const WORKING_SET_MIB = 256;
/** As many as have records in an arena of 2 GiB. */
const LOOKUP_KEYS = 200_000;
const LOOKUP_BATCH = 128;
/** Enough for the servers' code to be compiled, and for a second or so. */
const RAW_LOOKUPS = 20_000;
const TYPED_LOOKUPS = 4000;
const { values: flags } = parseArgs({
  options: {
    parts: { type: 'string', default: 'transfer,client,nest,lookups' },
    rounds: { type: 'string', default: '5' },
    mib: { type: 'string', default: '512' },
    sizes: { type: 'string', default: '0.0625,1,4,32' },
    connections: { type: 'string', default: '1,2,4' },
    keys: { type: 'string', default: `${LOOKUP_KEYS}` },
  },
});
const parts = flags.parts.split(',');
const rounds = Number(flags.rounds);
const numbers = (text) => text.split(',').map(Number);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kvnest-bench-tcp-'));
const children = [];

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  server.close();
  return port;
}

async function untilOpen(port) {
  for (let attempt = 0; attempt < 300; attempt++) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.unref();
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function start(command, args, port) {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  child.once('error', (error) => {
    throw error;
  });
  children.push(child);
  await untilOpen(port);
  return port;
}

async function startKvnest(arenaMib) {
  const [tcp, resp, http, nest] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const args = [path('./kvnest-server.mjs'), `${arenaMib}MiB`, `${tcp}`, `${resp}`, `${http}`, `${nest}`];
  await start(process.execPath, args, tcp);
  return { tcp, resp, http, nest };
}

async function startRedis() {
  const port = await freePort();
  return start(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    port,
  );
}

/** So many slots of so many bytes, in memory that is warm. */
async function startPlain(command, args, slots, bytes) {
  const port = await freePort();
  return start(command, [...args, `${port}`, `${slots}`, `${bytes}`], port);
}

function compileEpollServer() {
  const binary = join(folder, 'epoll-server');
  execFileSync('cc', ['-O2', '-o', binary, path('./epoll-server.c')], { stdio: 'inherit' });
  return binary;
}

const client = fork(path('./load-client.mjs'));

function ask(task) {
  return new Promise((resolve, reject) => {
    client.once('message', ({ seconds, error }) =>
      error === undefined ? resolve(seconds) : reject(new Error(error)),
    );
    client.send(task);
  });
}

function spread(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return `${middle.toFixed(2)} (${sorted[0].toFixed(2)}–${sorted.at(-1).toFixed(2)})`;
}

/** Runs the task with each of the contestants in turns. @returns the seconds of each, by its name. */
async function inTurns(contestants, task) {
  const seconds = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    const names = Object.keys(contestants);
    if (round % 2 === 1) names.reverse();
    for (const name of names) {
      const took = await ask({ ...task, ...contestants[name] });
      if (round >= 0) seconds[name].push(took);
    }
  }
  return seconds;
}

/** How much faster the first of the contestants is than each other. */
function ratios(seconds) {
  const [[, ours], ...others] = Object.entries(seconds);
  return others.map(([, theirs]) => spread(theirs.map((took, round) => took / ours[round])));
}

async function transferTable(title, contestantsFor, sizes, ops = ['get', 'put']) {
  let header = false;
  for (const op of ops) {
    for (const mib of sizes) {
      const size = mib * MIB;
      const keys = Math.min(1024, WORKING_SET_MIB / mib);
      const contestants = await contestantsFor(size, keys);
      for (const connections of numbers(flags.connections)) {
        const count = Math.max(8 * connections, Math.min(4096, Number(flags.mib) / mib));
        const seconds = await inTurns(contestants, { task: 'transfer', op, size, connections, count, keys });
        const [first, ...names] = Object.keys(contestants);
        if (!header) {
          const columns = [...names.map((name) => `${first} ÷ ${name}`), `GB/s ${first}`];
          console.log(
            `\n${title}\n\n|  | ${columns.join(' | ')} |\n| --- |${' --- |'.repeat(columns.length)}`,
          );
          header = true;
        }
        const gigabytes = seconds[first].map((took) => (count * size) / took / 1e9);
        const label = `${op.toUpperCase()} ${mib < 1 ? `${mib * 1024} KiB` : `${mib} MiB`}, ${connections}`;
        console.log(`| ${[label, ...ratios(seconds), spread(gigabytes)].join(' | ')} |`);
      }
    }
  }
}

async function transferPart() {
  const kvnest = await startKvnest(ARENA_MIB);
  const redis = await startRedis();
  const epoll = compileEpollServer();
  const plain = new Map();
  await transferTable(
    'TCP door, one request at a time on each connection, clients that only count',
    async (size, keys) => {
      if (!plain.has(size)) {
        plain.set(size, {
          node: await startPlain(process.execPath, [path('./node-server.mjs')], keys, size),
          epoll: await startPlain(epoll, [], keys, size),
        });
      }
      return {
        tcp: { driver: 'frames', port: kvnest.tcp },
        'node:net': { driver: 'frames', port: plain.get(size).node },
        'C epoll': { driver: 'frames', port: plain.get(size).epoll },
        'RESP door': { driver: 'resp', port: kvnest.resp },
        'HTTP door': { driver: 'http', port: kvnest.http },
        Redis: { driver: 'resp', port: redis },
      };
    },
    numbers(flags.sizes),
  );
}

async function clientPart() {
  const kvnest = await startKvnest(ARENA_MIB);
  const redis = await startRedis();
  await transferTable(
    'kvnest/client to kvnest, against ioredis to Redis',
    () => ({ client: { driver: 'client', port: kvnest.tcp }, ioredis: { driver: 'ioredis', port: redis } }),
    numbers(flags.sizes),
  );
  await transferTable(
    'The same, values read into one buffer of the caller (each connection its own)',
    () => ({
      'client, into': { driver: 'client', port: kvnest.tcp, reusesMemory: true },
      ioredis: { driver: 'ioredis', port: redis },
    }),
    numbers(flags.sizes),
    ['get'],
  );
}

async function nestPart() {
  const kvnest = await startKvnest(ARENA_MIB);
  await transferTable(
    "kvnest/client against Nest's own client (JSON, base64), same server",
    () => ({ client: { driver: 'client', port: kvnest.tcp }, nest: { driver: 'nest', port: kvnest.nest } }),
    [1 / 16],
  );
}

async function lookupPart() {
  const kvnest = await startKvnest(2048);
  const redis = await startRedis();
  const keys = Number(flags.keys);
  await ask({ task: 'fill', driver: 'client', port: kvnest.tcp, keys });
  await ask({ task: 'fill', driver: 'ioredis', port: redis, keys });
  console.log(
    `\n${LOOKUP_BATCH} keys of 108 bytes at a time, of ${keys}\n\n|  | raw frames ÷ raw EXISTS in a pipeline | kvnest/client ÷ ioredis | million keys a second, raw |\n| --- | --- | --- | --- |`,
  );
  for (const depth of [1, 8]) {
    const task = { task: 'lookups', batch: LOOKUP_BATCH, depth, count: RAW_LOOKUPS, keys };
    const raw = await inTurns(
      { tcp: { driver: 'frames', port: kvnest.tcp }, redis: { driver: 'resp', port: redis } },
      task,
    );
    const typed = await inTurns(
      { client: { driver: 'client', port: kvnest.tcp }, ioredis: { driver: 'ioredis', port: redis } },
      { ...task, count: TYPED_LOOKUPS },
    );
    const speed = spread(raw.tcp.map((took) => (RAW_LOOKUPS * LOOKUP_BATCH) / took / 1e6));
    console.log(`| ${depth} in flight | ${ratios(raw)[0]} | ${ratios(typed)[0]} | ${speed} |`);
  }
}

const PARTS = { transfer: transferPart, client: clientPart, nest: nestPart, lookups: lookupPart };
try {
  for (const part of parts) {
    await PARTS[part]();
    for (const child of children.splice(0)) child.kill('SIGKILL');
  }
} finally {
  client.kill();
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
