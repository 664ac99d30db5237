// Chunks between the arena and a real Mooncake Store: the connector and Mooncake's own Python client (put_from, get_into and
// their batched forms), in turns and in one run; prints what each did and what the connector is of the other, as the median of the
// rounds. Needs a build and the Mooncake of the tests.
//   node benchmarks/connectors/mooncake.bench.mjs [--rounds=7]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ArenaSpaceService } from '../../dist/arena/arena-space.js';
import { createArena } from '../../dist/arena/create-arena.js';
import { ExtentWriter } from '../../dist/arena/extent-writer.js';
import { intakePlace } from '../../dist/connectors/intake/value-intake.js';
import { LmcacheLayout } from '../../dist/connectors/mooncake/layouts/lmcache.layout.js';
import { MooncakeConnector } from '../../dist/connectors/mooncake/mooncake.connector.js';
import { ChunkKey } from '../../dist/protocols/chunk-key/chunk-key.js';

const MIB = 2 ** 20;
const HEADER_BYTES = 28;
const VENV = fileURLToPath(new URL('../../.cache/mooncake/0.3.13', import.meta.url));
/** What is moved: name, how, chunks, bytes of each. */
const CASES = [
  ['1 MiB, one by one', 'single', 32, MIB],
  ['4 MiB, one by one', 'single', 16, 4 * MIB],
  ['32 MiB, one by one', 'single', 4, 32 * MIB],
  ['batch of 32 × 2 MiB', 'batch', 32, 2 * MIB],
];
const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(flags.rounds);

if (!existsSync(VENV)) {
  console.log('no Mooncake is installed here; "npm test" installs it where it may');
  process.exit(0);
}

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

const children = [];
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
const env = { ...process.env, GLOG_minloglevel: '2', MC_TCP_ENABLE_CONNECTION_POOL: '1' };

function start(command, args, stdio = 'ignore') {
  const child = spawn(command, args, { stdio, env });
  children.push(child);
  return child;
}

const [python] = readdirSync(join(VENV, 'lib'));
const program = (name) => join(VENV, 'lib', python, 'site-packages/mooncake', name);
const [port, metricsPort, clientPort] = [await freePort(), await freePort(), await freePort()];
start(program('mooncake_master'), [
  '--rpc_address=127.0.0.1',
  `--rpc_port=${port}`,
  `--metrics_port=${metricsPort}`,
]);
const segments = () => fetch(`http://127.0.0.1:${metricsPort}/get_all_segments`).then((r) => r.text());
while ((await segments().catch(() => undefined)) === undefined) await delay(50);
start(program('mooncake_client'), [
  '--host=127.0.0.1',
  `--port=${clientPort}`,
  '--metadata_server=P2PHANDSHAKE',
  `--master_server_address=127.0.0.1:${port}`,
  '--protocol=tcp',
  '--global_segment_size=2GB',
]);
while ((await segments()).trim() === '') await delay(50);
const clear = () => fetch(`http://127.0.0.1:${metricsPort}/api/v1/remove_all?force=true`, { method: 'POST' });

const theirs = start(
  join(VENV, 'bin/python'),
  [fileURLToPath(new URL('mooncake-client.py', import.meta.url)), `127.0.0.1:${port}`, `${128 * MIB}`],
  ['pipe', 'pipe', 'inherit'],
);
const lines = createInterface({ input: theirs.stdout })[Symbol.asyncIterator]();
await lines.next();
async function askPython(what, names, bytes) {
  theirs.stdin.write(`${JSON.stringify([what, names, bytes])}\n`);
  return Number((await lines.next()).value);
}

const arena = createArena({ capacityBytes: 512 * MIB });
const space = new ArenaSpaceService(arena);
const place = intakePlace({ arena, space });
const connector = new MooncakeConnector({
  label: 'mooncakestore://bench',
  logger: { warn: console.error },
  masters: [{ host: '127.0.0.1', port }],
  tenant: 'default',
  replicas: 1,
  connections: 4,
  connectTimeoutMs: 5_000,
  silenceMs: 10_000,
  masterSilenceMs: 10_000,
  banMs: 10_000,
  drainTimeoutMs: 5_000,
  maxValueBytes: 2 ** 30,
  metadataServer: undefined,
  layout: new LmcacheLayout(place, true),
});
await connector.connect();

const names = (prefix, count) =>
  Array.from({ length: count }, (_, i) => `m@1@0@${prefix}${i.toString(16)}@half`);

function chunkOf(name, bytes) {
  const handle = space.reserve({ key: ChunkKey.of(name), lengthBytes: bytes });
  const writer = new ExtentWriter(handle.views, (part, previous) => arena.crc32c(part, previous));
  writer.write(Buffer.alloc(bytes, 1));
  handle.seal(writer.checksum);
  return handle;
}

async function timed(run) {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1_000;
}

function expect(outcomes, isRight) {
  if (!outcomes.every(isRight)) throw new Error(`not every chunk was there: ${outcomes.map(String)}`);
}

async function ourRound(how, keys, bytes) {
  const chunks = keys.map((name) => chunkOf(name, bytes - HEADER_BYTES));
  const put = await timed(async () => {
    if (how === 'batch') expect(await connector.putMany(chunks), (outcome) => outcome === 'stored');
    else for (const chunk of chunks) expect([await connector.put(chunk)], (outcome) => outcome === 'stored');
  });
  for (const chunk of chunks) chunk[Symbol.dispose]();
  const asked = keys.map((name) => ChunkKey.of(name));
  const get = await timed(async () => {
    const isChunk = (outcome) => typeof outcome !== 'string';
    if (how === 'batch') {
      const handles = await connector.getMany(asked);
      expect(handles, isChunk);
      for (const handle of handles) handle[Symbol.dispose]();
    } else
      for (const key of asked) {
        const handle = await connector.get(key);
        expect([handle], isChunk);
        handle[Symbol.dispose]();
      }
  });
  return { put, get };
}

async function theirRound(how, keys, bytes) {
  const suffix = how === 'batch' ? '-batch' : '';
  return {
    put: await askPython(`put${suffix}`, keys, bytes),
    get: await askPython(`get${suffix}`, keys, bytes),
  };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const spread = (numbers) => `${Math.min(...numbers).toFixed(2)}-${Math.max(...numbers).toFixed(2)}`;

function report(name, ours, peers, amount, unit) {
  const ratios = ours.map((seconds, i) => peers[i] / seconds);
  const rate = (seconds) => (amount / median(seconds)).toFixed(2).padStart(9);
  console.log(
    `${name.padEnd(28)} ${rate(ours)} ${rate(peers)} ${unit.padEnd(8)} ${median(ratios).toFixed(2)} × (${spread(ratios)})`,
  );
}

console.log(`${''.padEnd(28)} connector    Python`);
for (const [name, how, count, bytes] of CASES) {
  const times = { ours: [], peers: [] };
  for (let round = -1; round < rounds; round++) {
    await clear();
    const first = round % 2 === 0;
    const a = first ? await ourRound(how, names('a', count), bytes) : undefined;
    const peers = await theirRound(how, names('b', count), bytes);
    const ours = a ?? (await ourRound(how, names('a', count), bytes));
    // In the first round the owner touches its memory, and code is compiled.
    if (round < 0) continue;
    times.ours.push(ours);
    times.peers.push(peers);
  }
  for (const what of ['put', 'get']) {
    const [ours, peers] = [times.ours, times.peers].map((all) => all.map((round) => round[what]));
    report(`${what} ${name}`, ours, peers, (count * bytes) / 1e9, 'GB/s');
  }
}

await clear();
const many = names('e', 128);
await ourRound('batch', many, 4_096);
const keys = many.map((name) => ChunkKey.of(name));
const times = { ours: [], peers: [] };
const REPEATS = 50;
for (let round = -1; round < rounds; round++) {
  const ours = await timed(async () => {
    for (let i = 0; i < REPEATS; i++) expect(await connector.existsMany(keys), (isThere) => isThere);
  });
  let peers = 0;
  for (let i = 0; i < REPEATS; i++) peers += await askPython('exists', many, 0);
  if (round < 0) continue;
  times.ours.push(ours);
  times.peers.push(peers);
}
report('exists of 128 keys', times.ours, times.peers, (REPEATS * 128) / 1e6, 'M keys/s');

await connector.close();
arena.close();
for (const child of children) child.kill('SIGKILL');
