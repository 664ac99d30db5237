// Chunks between the arena and stores that bring a client of their own: our connector and that client, in turns and in one run;
// prints GB/s and what the connector is of the client, as the median of the rounds with its spread. Needs a build and the servers
// of the tests. A system is a module in `systems/`: what it must export stands in the first one.
//   node benchmarks/connectors/connectors.bench.mjs [--rounds=7] [--systems=infinistore]
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
import { intakePlace } from '../../dist/connectors/intake/value-intake.js';
import { ChunkKey } from '../../dist/protocols/chunk-key/chunk-key.js';

const SYSTEMS = ['infinistore'];
const MIB = 2 ** 20;
const WARM_UP_ROUNDS = 2;
/** What is moved: name, chunks, bytes of each, whether all at once. */
const CASES = [
  ['1 MiB, one by one', 32, MIB, false],
  ['4 MiB, one by one', 16, 4 * MIB, false],
  ['32 MiB, one by one', 4, 32 * MIB, false],
  ['batch of 32 × 2 MiB', 32, 2 * MIB, true],
];
const LOOKUPS = ['exists of 128', 128, 1_000, true];
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    systems: { type: 'string', default: SYSTEMS.join(',') },
  },
});
const rounds = Number(flags.rounds);

const children = [];
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));

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
const arena = createArena({ capacityBytes: 320 * MIB, logger });
const space = new ArenaSpaceService(arena);
const place = intakePlace({ arena, space });

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
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1_000;
}

function expectAll(outcomes, isRight) {
  if (!outcomes.every(isRight)) throw new Error(`not every chunk was there: ${outcomes.map(String)}`);
}

const isChunk = (outcome) => typeof outcome !== 'string';
const free = (handles) => handles.forEach((handle) => handle[Symbol.dispose]());

/** Seconds of a put, a get and a lookup of these chunks, which are new and gone afterwards. */
function viaConnector(connector) {
  return async (names, bytes, atOnce) => {
    const keys = names.map((name) => ChunkKey.of(name));
    const chunks = names.map((name) => chunkOf(name, bytes));
    const put = await timed(async () => {
      const stored = atOnce ? await connector.putMany(chunks) : [];
      if (!atOnce) for (const chunk of chunks) stored.push(await connector.put(chunk));
      expectAll(stored, (outcome) => outcome === 'stored');
    });
    free(chunks);
    const get = await timed(async () => {
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
    const exists = await timed(async () => expectAll(await connector.existsMany(keys), (is) => is));
    await connector.removeMany(keys);
    return { put, get, exists };
  };
}

/** A process that is told by lines of JSON what to time, and answers with seconds. */
async function viaClient(child) {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (let line = await lines.next(); line.value !== 'ready'; line = await lines.next())
    if (line.done) throw new Error('the client of the store ended');
  const ask = async (what, names, bytes) => {
    child.stdin.write(`${JSON.stringify([what, names, bytes])}\n`);
    return Number((await lines.next()).value);
  };
  return async (names, bytes, atOnce) => {
    const suffix = atOnce ? '-batch' : '';
    const put = await ask(`put${suffix}`, names, bytes);
    const get = await ask(`get${suffix}`, names, bytes);
    const exists = await ask('exists', names, bytes);
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
async function compare([title, count, bytes, atOnce], ways, operations) {
  const seconds = new Map(ways.map(([name]) => [name, { put: [], get: [], exists: [] }]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const [name, way] of round % 2 === 0 ? ways : ways.toReversed()) {
      const names = Array.from({ length: count }, () => `m@1@0@${(serial++ + 1e12).toString(16)}@half`);
      const took = await way(names, bytes, atOnce);
      if (round >= 0) for (const what of operations) seconds.get(name)[what].push(took[what]);
    }
  }
  const [[client], ...ours] = ways;
  for (const what of operations) {
    const theirs = seconds.get(client)[what];
    const unit =
      what === 'exists'
        ? (s) => s.map((t) => (t * 1e6) / count)
        : (s) => s.map((t) => (count * bytes) / 1e9 / t);
    const name = what === 'exists' ? 'µs a key' : 'GB/s';
    const row = ours.map(([way]) => {
      const own = seconds.get(way)[what];
      return `${way} ${spread(unit(own))} = ${spread(own.map((s, i) => theirs[i] / s))} ×`;
    });
    const label = what === 'exists' ? title : `${what}, ${title}`;
    console.log(`  ${label.padEnd(26)} client ${spread(unit(theirs))} ${name}   ${row.join('   ')}`);
  }
}

for (const id of flags.systems.split(',')) {
  const system = await import(`./systems/${id}.mjs`);
  console.log(`${system.name}, ${rounds} rounds`);
  if (system.missing !== undefined) {
    console.log(`  ${system.missing}`);
    continue;
  }
  const { client, connectors } = await system.open({
    start,
    freePort,
    until,
    place,
    logger,
    totalBytes: 128 * MIB,
  });
  const ways = [['client', await viaClient(client)]];
  for (const [name, connector] of connectors) {
    await connector.connect();
    ways.push([name, viaConnector(connector)]);
  }
  try {
    for (const one of CASES) await compare(one, ways, ['put', 'get']);
    await compare(LOOKUPS, ways, ['exists']);
  } finally {
    for (const [, connector] of connectors) await connector.close();
    client.stdin.end();
  }
}
arena.close();
process.exit();
