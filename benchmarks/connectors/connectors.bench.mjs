// Chunks between the arena and stores that bring a client of their own: our connector and that client, in turns and in one run;
// prints what each does, what it takes of the processor, and what the connector is of the client, as the median of the rounds with
// its spread. Needs a build and the servers of the tests. A system is a module in `systems/`: what it must export stands in the
// first one.
//   node benchmarks/connectors/connectors.bench.mjs [--rounds=7] [--systems=mooncake,infinistore]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ArenaSpaceService } from '../../dist/arena/arena-space.js';
import { createArena } from '../../dist/arena/create-arena.js';
import { ExtentWriter } from '../../dist/arena/extent-writer.js';
import { systemClock } from '../../dist/common/clock.js';
import { connectorLookup } from '../../dist/connectors/connector-lookup.js';
import { parseConnectorUrl } from '../../dist/connectors/connector-url.js';
import { CONNECTORS_CATALOG } from '../../dist/connectors/connectors.catalog.js';
import { ChunkKey } from '../../dist/protocols/chunk-key/chunk-key.js';

const SYSTEMS = ['mooncake', 'infinistore'];
const LAYOUTS = ['lmcache', 'sealed'];
const MIB = 2 ** 20;
const TOTAL_BYTES = 128 * MIB;
const LATEST_MS = 15 * 60_000;
const WARM_UP_ROUNDS = 2;
/**
 * What is moved: chunks at a time, which are removed before the next come, and how often in a round, so that a round is long
 * enough to be steady and a store never holds more than `TOTAL_BYTES`.
 */
const CASES = [
  { title: '1 MiB', count: 64, bytes: MIB, passes: 6 },
  { title: '4 MiB', count: 16, bytes: 4 * MIB, passes: 6 },
  { title: '32 MiB', count: 4, bytes: 32 * MIB, passes: 3 },
  { title: 'batch of 32 × 2 MiB', count: 32, bytes: 2 * MIB, passes: 6, atOnce: true },
];
const LOOKUPS = { title: '128 keys', count: 128, bytes: 1_000, passes: 6, atOnce: true };
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    systems: { type: 'string', default: SYSTEMS.join(',') },
  },
});
const rounds = Number(flags.rounds);

const children = [];
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
setTimeout(() => {
  console.error('a store or its client does not answer');
  process.exit(1);
}, LATEST_MS).unref();

function start(command, args, { env = {}, stdio = 'ignore' } = {}) {
  const child = spawn(command, args, { stdio, env: { ...process.env, ...env } });
  children.push(child);
  return child;
}

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

/** Tries until it does not fail. */
async function until(attempt) {
  for (let i = 0; i < 600; i++) {
    const failed = await attempt().then(
      () => false,
      () => true,
    );
    if (!failed) return;
    await delay(50);
  }
  throw new Error('a server did not start');
}

const logger = { debug: () => undefined, log: () => undefined, warn: console.warn, error: console.error };
const arena = createArena({ capacityBytes: 2 * TOTAL_BYTES + 64 * MIB, logger });
const space = new ArenaSpaceService(arena);

/** As a tier with this URL has it. */
function connectorOf(text) {
  const url = parseConnectorUrl(text);
  const find = connectorLookup(CONNECTORS_CATALOG);
  const target = { tier: 'bench', url, options: {}, extraConfig: {} };
  const [{ useFactory }] = find(url.scheme).register(target, find).providers;
  return useFactory(arena, space, systemClock, { extraConfig: {} });
}

/** Made once: buffers that are thrown away would be collected while puts are timed. */
const SOURCE = Buffer.alloc(32 * MIB, 1);

function chunkOf(name, bytes) {
  const handle = space.reserve({ key: ChunkKey.of(name), lengthBytes: bytes });
  const writer = new ExtentWriter(handle.views, (part, previous) => arena.crc32c(part, previous));
  writer.write(SOURCE.subarray(0, bytes));
  handle.seal(writer.checksum);
  return handle;
}

async function timed(run) {
  const cpuStarted = process.cpuUsage();
  const started = performance.now();
  await run();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpuStarted);
  return [seconds, (user + system) / 1e6];
}

function expectAll(outcomes, isRight) {
  if (!outcomes.every(isRight)) throw new Error(`not every chunk was there: ${outcomes.map(String)}`);
}

const isChunk = (outcome) => typeof outcome !== 'string';
const free = (handles) => handles.forEach((handle) => handle[Symbol.dispose]());

/** How long a put, a get and lookups of these chunks take, which are new and gone afterwards. */
function viaConnector(connector) {
  return async (names, { bytes, lookups = 0, atOnce = false }) => {
    const keys = names.map((name) => ChunkKey.of(name));
    const chunks = names.map((name) => chunkOf(name, bytes));
    const put = await timed(async () => {
      const stored = atOnce ? await connector.putMany(chunks) : [];
      if (!atOnce) for (const chunk of chunks) stored.push(await connector.put(chunk));
      expectAll(stored, (outcome) => outcome === 'stored');
    });
    free(chunks);
    const get = await timed(async () => {
      if (lookups > 0) return;
      const handles = atOnce ? await connector.getMany(keys) : [];
      expectAll(handles, isChunk);
      free(handles);
      if (atOnce) return;
      for (const key of keys) {
        const handle = await connector.get(key);
        expectAll([handle], isChunk);
        free([handle]);
      }
    });
    const exists = await timed(async () => {
      for (let i = 0; i < lookups; i++) expectAll(await connector.existsMany(keys), (is) => is);
    });
    await connector.removeMany(keys);
    return { put, get, exists };
  };
}

/** A process that is told by lines of JSON what to time. */
async function viaClient(child) {
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4_096)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the client of the store ended: ${said}`);
    return value;
  };
  while ((await nextLine()) !== 'ready');
  const ask = async (what, names, bytes, repeats = 1) => {
    child.stdin.write(`${JSON.stringify([what, names, bytes, repeats])}\n`);
    return JSON.parse(await nextLine());
  };
  return async (names, { bytes, lookups = 0, atOnce = false }) => {
    const suffix = atOnce ? '-batch' : '';
    const put = await ask(`put${suffix}`, names, bytes);
    // Short values keep InfiniStore's client waiting for 40 ms each.
    const get = await ask(`get${suffix}`, names, bytes, lookups > 0 ? 0 : 1);
    const exists = await ask('exists', names, bytes, lookups);
    await ask('remove', names, bytes);
    return { put, get, exists };
  };
}

function spread(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const show = (value) => value.toFixed(2);
  return `${show(sorted[Math.floor(sorted.length / 2)])} (${show(sorted[0])}–${show(sorted.at(-1))})`;
}

let serial = 0;
async function compare(one, ways, operations) {
  const { title, count, bytes, passes, lookups } = one;
  const rows = ways.map(([name, way]) => ({ name, way, put: [], get: [], exists: [] }));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const sums = new Map(rows.map((row) => [row, { put: [0, 0], get: [0, 0], exists: [0, 0] }]));
    for (let pass = 0; pass < passes; pass++) {
      for (const row of (round + pass) % 2 === 0 ? rows : rows.toReversed()) {
        const names = Array.from({ length: count }, () => `m@1@0@${(serial++ + 1e12).toString(16)}@half`);
        const took = await row.way(names, one);
        for (const what of operations) for (const i of [0, 1]) sums.get(row)[what][i] += took[what][i];
      }
    }
    if (round >= 0)
      for (const row of rows) for (const what of operations) row[what].push(sums.get(row)[what]);
  }
  const [client] = rows;
  for (const what of operations) {
    const isLookup = what === 'exists';
    const amount = isLookup ? (count * lookups * passes) / 1e6 : (count * bytes * passes) / 1e9;
    console.log(`  ${what}, ${title}`);
    for (const row of rows) {
      const rate = spread(row[what].map(([seconds]) => amount / seconds));
      const [, cpuSeconds] = row[what].toSorted((a, b) => a[1] - b[1])[Math.floor(rounds / 2)];
      const cpu = `${((cpuSeconds * 1e3) / amount).toFixed(0)} CPU ms`.padStart(10);
      const ratio = row[what].map(([seconds], i) => client[what][i][0] / seconds);
      const compared = row === client ? '' : `${spread(ratio)} ×`;
      const unit = isLookup ? 'M keys/s' : 'GB/s';
      console.log(`    ${row.name.padEnd(10)} ${rate} ${unit}`.padEnd(44), cpu, compared);
    }
  }
}

for (const id of flags.systems.split(',')) {
  const system = await import(`./systems/${id}.mjs`);
  console.log(`${system.name}, ${rounds} rounds; CPU of the client's process for 1 GB, or a million keys`);
  if (system.missing !== undefined) {
    console.log(`  ${system.missing}`);
    continue;
  }
  const { client, url } = await system.open({ start, freePort, until, totalBytes: TOTAL_BYTES });
  const ways = [['client', await viaClient(client)]];
  const connectors = await Promise.all(
    LAYOUTS.map(async (layout) => [layout, await connectorOf(`${url}?layout=${layout}`)]),
  );
  for (const [layout, connector] of connectors) {
    await connector.connect();
    ways.push([layout, viaConnector(connector)]);
  }
  try {
    for (const one of CASES) await compare(one, ways, ['put', 'get']);
    await compare({ ...LOOKUPS, lookups: system.lookups }, ways, ['exists']);
  } finally {
    for (const [, connector] of connectors) await connector.close();
    client.stdin.end();
  }
}
arena.close();
process.exit();
