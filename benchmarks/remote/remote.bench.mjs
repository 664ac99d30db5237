// Chunks from Redis into the arena and back: the Redis connector, ways of ioredis and a raw socket client, in turns and
// in one process, and beside them the connector to another kvnest; prints GB/s and what the connector is of each, with the spread. Needs a build and redis-server.
//   node benchmarks/remote/remote.bench.mjs [--rounds=9] [--chunks=32] [--chunk-mib=2] [--connections=4]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import vm from 'node:vm';
import { Redis } from 'ioredis';
import { ArenaSpaceService } from '../../dist/arena/arena-space.js';
import { createArena } from '../../dist/arena/create-arena.js';
import { ExtentWriter } from '../../dist/arena/extent-writer.js';
import { systemClock } from '../../dist/common/clock.js';
import { parseConnectorUrl } from '../../dist/connectors/connector-url.js';
import { intakePlace } from '../../dist/connectors/intake/value-intake.js';
import { readKvnestSettings } from '../../dist/connectors/kvnest/kvnest.config.js';
import { KvnestConnector } from '../../dist/connectors/kvnest/kvnest.connector.js';
import { createRedisConnector } from '../../dist/connectors/redis/create-redis-connector.js';
import { ChunkKey } from '../../dist/protocols/chunk-key/chunk-key.js';
import { createRawClient } from './raw-client.mjs';

const MIB = 2 ** 20;
/** Until the code is compiled: one round is 32 chunks only. */
const WARM_UP_ROUNDS = 10;
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    chunks: { type: 'string', default: '32' },
    'chunk-mib': { type: 'string', default: '2' },
    connections: { type: 'string', default: '4' },
  },
});
const rounds = Number(flags.rounds);
const chunks = Number(flags.chunks);
const connections = Number(flags.connections);
const chunkBytes = Number(flags['chunk-mib']) * MIB;
const totalBytes = chunks * chunkBytes;
// The garbage of one way is not on the account of the next; compiled code must survive that.
v8.setFlagsFromString('--no-flush-bytecode');
v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc');

async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  return port;
}

async function isListening(port) {
  const socket = net.connect(port, '127.0.0.1');
  const listens = await once(socket, 'connect')
    .then(() => true)
    .catch(() => false);
  socket.destroy();
  return listens;
}

async function startKvnest() {
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
  const server = fileURLToPath(new URL('../tcp/kvnest-server.mjs', import.meta.url));
  const arena = `${Math.ceil((2 * totalBytes) / MIB) + 64}MiB`;
  const child = spawn(process.execPath, [server, arena, ...ports], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  while (!(await isListening(ports[0]))) await delay(50);
  return { port: ports[0], child };
}

async function startRedis() {
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of child.stdout) if (text.includes('Ready to accept connections')) break;
  child.stdout.resume();
  return { port, child };
}

const logger = { debug: () => undefined, log: () => undefined, warn: console.warn, error: console.error };
const arena = createArena({ capacityBytes: 3 * totalBytes + 16 * MIB, logger });
const space = new ArenaSpaceService(arena);
const keys = Array.from({ length: chunks }, (_, i) =>
  ChunkKey.of(`org/model@1@0@${(i + 1e15).toString(16)}@bfloat16`),
);
const names = keys.map((key) => `plain:${key}`);
const crc32c = (bytes, previous) => arena.crc32c(bytes, previous);

/** A chunk of the arena with these bytes: what whoever uses a client of Redis does with its buffers. */
function toArena(key, bytes) {
  const handle = space.reserve({ key, lengthBytes: bytes.length });
  const writer = new ExtentWriter(handle.views, crc32c);
  writer.write(bytes);
  handle.seal(writer.checksum);
  return handle;
}

const redis = await startRedis();
const client = new Redis(redis.port, '127.0.0.1');
const raw = await createRawClient(redis.port, connections, 1);
const rawAhead = await createRawClient(redis.port, connections, 4);
const rawOne = await createRawClient(redis.port, 1, 4);
async function connect(layout) {
  const url = parseConnectorUrl(
    `redis://127.0.0.1:${redis.port}?layout=${layout}&connections=${connections}`,
  );
  const connector = createRedisConnector({
    tier: 'bench',
    url,
    options: {},
    arena,
    space,
    clock: systemClock,
    config: { extraConfig: {} },
    logger,
  });
  await connector.connect();
  return connector;
}
const lmcache = await connect('lmcache');
const sealed = await connect('sealed');

const kvnestServer = await startKvnest();
const kvnestUrl = parseConnectorUrl(`kvnest://127.0.0.1:${kvnestServer.port}?connections=${connections}`);
const kvnest = new KvnestConnector({
  label: kvnestUrl.label,
  place: intakePlace({ arena, space }),
  settings: readKvnestSettings({ tier: 'bench', url: kvnestUrl, options: {}, extraConfig: {} }),
});
await kvnest.connect();

const sources = keys.map((key, i) => {
  const bytes = Buffer.alloc(chunkBytes);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.imul(at + i, 2654435761) >>> 0, at);
  return toArena(key, bytes);
});
const buffers = sources.map(({ views }) => Buffer.concat(views));
const expected = sources.map(({ checksum }) => checksum);

function check(handles) {
  handles.forEach((handle, i) => {
    if (handle?.checksum !== expected[i]) throw new Error(`chunk ${i} came back as ${handle}`);
    handle[Symbol.dispose]();
  });
}

const gets = {
  'connector, lmcache': async () => check(await lmcache.getMany(keys)),
  'connector, sealed': async () => check(await sealed.getMany(keys)),
  'to kvnest': async () => check(await kvnest.getMany(keys)),
  'ioredis, loop': async () => {
    const handles = [];
    for (const [i, name] of names.entries()) handles.push(toArena(keys[i], await client.getBuffer(name)));
    check(handles);
  },
  'ioredis, Promise.all': async () =>
    check(await Promise.all(names.map(async (name, i) => toArena(keys[i], await client.getBuffer(name))))),
  'ioredis, mget': async () =>
    check((await client.mgetBuffer(names)).map((bytes, i) => toArena(keys[i], bytes))),
  'raw socket': () => raw.get(names, chunkBytes),
  'raw, 4 requests ahead': () => rawAhead.get(names, chunkBytes),
  'raw, 1 connection, 4 ahead': () => rawOne.get(names, chunkBytes),
};
const puts = {
  'connector, lmcache': () => lmcache.putMany(sources),
  'connector, sealed': () => sealed.putMany(sources),
  'to kvnest': () => kvnest.putMany(sources),
  'ioredis, loop': async () => {
    for (const [i, name] of names.entries()) await client.set(name, buffers[i]);
  },
  'ioredis, Promise.all': () => Promise.all(names.map((name, i) => client.set(name, buffers[i]))),
  'ioredis, mset': () => client.mset(names.flatMap((name, i) => [name, buffers[i]])),
  'raw socket': () => raw.put(names, buffers),
  'raw, 4 requests ahead': () => rawAhead.put(names, buffers),
  'raw, 1 connection, 4 ahead': () => rawOne.put(names, buffers),
};

const spread = (samples) => {
  const sorted = [...samples].sort((a, b) => a - b);
  return { min: sorted[0], median: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1) };
};
const show = ({ min, median, max }) => `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;

async function compare(title, ways) {
  const entries = Object.entries(ways);
  const speeds = new Map(entries.map(([name]) => [name, []]));
  const cpus = new Map(entries.map(([name]) => [name, 0]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const order = round % 2 === 0 ? entries : entries.toReversed();
    for (const [name, run] of order) {
      collectGarbage();
      const cpu = process.cpuUsage();
      const started = performance.now();
      await run();
      const ms = performance.now() - started;
      const { user, system } = process.cpuUsage(cpu);
      if (round < 0) continue;
      speeds.get(name).push(totalBytes / 1e6 / ms);
      cpus.set(name, cpus.get(name) + (user + system) / 1e3);
    }
  }
  console.log(
    `${title}, ${chunks} chunks of ${flags['chunk-mib']} MiB, ${connections} connections, ${rounds} rounds`,
  );
  const ours = Object.keys(ways).filter((name) => name.startsWith('connector'));
  for (const [name] of entries) {
    const ratios = ours
      .filter((own) => own !== name)
      .map((own) => show(spread(speeds.get(own).map((speed, i) => speed / speeds.get(name)[i]))));
    const cpu = cpus.get(name) / ((rounds * totalBytes) / 1e9);
    console.log(
      `  ${name.padEnd(26)} ${show(spread(speeds.get(name))).padEnd(18)} GB/s  ${cpu.toFixed(0).padStart(5)} CPU ms/GB  ` +
        (name.startsWith('connector') ? '' : `lmcache, sealed ÷ this: ${ratios.join('   ')}`),
    );
  }
}

try {
  await puts['raw socket']();
  const outcomes = [];
  for (const connector of [lmcache, sealed, kvnest]) outcomes.push(...(await connector.putMany(sources)));
  if (outcomes.some((outcome) => outcome !== 'stored')) throw new Error(`not stored: ${outcomes}`);
  await compare('get', gets);
  await compare('put', puts);
} finally {
  await lmcache.close();
  await sealed.close();
  await kvnest.close();
  raw.close();
  rawAhead.close();
  rawOne.close();
  client.disconnect();
  redis.child.kill('SIGKILL');
  kvnestServer.child.kill('SIGKILL');
}
