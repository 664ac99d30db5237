// GET and PUT over RESP against redis-server: the same client, alternating runs, ratios with their spread.
//   npx nest build && node benchmarks/resp/resp.bench.mjs [--rounds 5] [--mib 1024] [--sizes 1,4,32] [--connections 1,2,4]
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MIB = 1024 * 1024;
const ARENA_MIB = 1536;
const TICKS_PER_SECOND = 100;
/** Larger than the processor's caches, as the values of a cache are. */
const WORKING_SET_MIB = 256;
/** Until the code of server and client is compiled. */
const WARM_UP_MIB = 2048;
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mib: { type: 'string', default: '768' },
    sizes: { type: 'string', default: '1,4,32' },
    connections: { type: 'string', default: '1,2,4' },
    ops: { type: 'string', default: 'get,put' },
  },
});
const numbers = (text) => text.split(',').map(Number);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  server.close();
  return port;
}

async function untilOpen(port) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('close', () => undefined);
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
  await untilOpen(port);
  return { port, child };
}

async function startKvnest() {
  const port = await freePort();
  return start(process.execPath, [path('./kvnest-server.mjs'), `${port}`, `${ARENA_MIB}MiB`], port);
}

async function startRedis() {
  const port = await freePort();
  return start(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    port,
  );
}

/** CPU time that a process has used, in seconds. */
function cpuSeconds({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function ask(client, task) {
  return new Promise((resolve, reject) => {
    client.once('message', ({ seconds, error }) =>
      error === undefined ? resolve(seconds) : reject(new Error(error)),
    );
    client.send(task);
  });
}

const spread = (samples) => {
  const sorted = [...samples].sort((a, b) => a - b);
  return { min: sorted[0], median: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1) };
};
const show = ({ min, median, max }) => `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;

const client = fork(path('./load-client.mjs'));
const servers = { kvnest: await startKvnest(), redis: await startRedis() };
const results = [];
try {
  for (const op of flags.ops.split(',')) {
    for (const size of numbers(flags.sizes)) {
      for (const connections of numbers(flags.connections)) {
        const task = {
          op,
          size: size * MIB,
          connections,
          keys: WORKING_SET_MIB / size,
          count: Math.max(8, Number(flags.mib) / size),
        };
        const speed = { kvnest: [], redis: [] };
        const cpu = { kvnest: 0, redis: 0 };
        for (const { port } of Object.values(servers))
          await ask(client, { ...task, count: WARM_UP_MIB / size, port });
        for (let round = 0; round < Number(flags.rounds); round++) {
          const order = round % 2 === 0 ? ['kvnest', 'redis'] : ['redis', 'kvnest'];
          for (const name of order) {
            const before = cpuSeconds(servers[name].child);
            const seconds = await ask(client, { ...task, port: servers[name].port });
            speed[name].push((task.count * task.size) / seconds / 1e9);
            cpu[name] += cpuSeconds(servers[name].child) - before;
          }
        }
        const ratio = spread(speed.kvnest.map((value, round) => value / speed.redis[round]));
        const gigabytes = (Number(flags.rounds) * task.count * task.size) / 1e9;
        const cpuMsPerGb = { kvnest: (1000 * cpu.kvnest) / gigabytes, redis: (1000 * cpu.redis) / gigabytes };
        const row = {
          op,
          mib: size,
          connections,
          kvnest: spread(speed.kvnest),
          redis: spread(speed.redis),
          ratio,
          cpuMsPerGb,
        };
        results.push(row);
        console.log(
          `${op.padEnd(4)} ${String(size).padStart(3)} MiB c${connections}   kvnest ${show(row.kvnest)} GB/s   ` +
            `redis ${show(row.redis)} GB/s   ratio ${show(ratio)}   ` +
            `CPU ms/GB ${cpuMsPerGb.kvnest.toFixed(0)} / ${cpuMsPerGb.redis.toFixed(0)}`,
        );
      }
    }
  }
  console.log(JSON.stringify(results));
} finally {
  client.kill();
  for (const { child } of Object.values(servers)) child.kill('SIGKILL');
}
