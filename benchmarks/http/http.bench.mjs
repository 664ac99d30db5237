// GET and PUT over HTTP: kvnest against a plain Nest + Fastify handler, each in its own process, with one client that
// compares every byte. Rounds alternate; a ratio is taken within a round. See README.md.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { RawClient } from './raw-client.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '1,2' },
    mib: { type: 'string', default: '4' },
  },
});
const ROUNDS = Number(options.rounds);
const SECONDS = Number(options.seconds);
const MIB = 1024 * 1024;
const KEYS = 8;

async function startServer(file) {
  const child = fork(new URL(file, import.meta.url));
  const [{ port }] = await once(child, 'message');
  return { child, port };
}

function testValue(length, seed) {
  const words = new Uint32Array(length / 4);
  let state = seed;
  for (let index = 0; index < words.length; index++)
    words[index] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Buffer.from(words.buffer);
}

/** CPU time that a server has used so far, in milliseconds. */
async function cpuMs({ child }) {
  child.send('cpu');
  const [{ cpu }] = await once(child, 'message');
  return (cpu.user + cpu.system) / 1000;
}

async function run(clients, operation) {
  const started = performance.now();
  const deadline = Date.now() + SECONDS * 1000;
  let operations = 0;
  await Promise.all(
    clients.map(async (client, index) => {
      for (let turn = index; Date.now() < deadline; turn++, operations++)
        await operation(client, turn % KEYS);
    }),
  );
  return { operations, rate: (operations / (performance.now() - started)) * 1000 };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

async function compare(servers, connections, bytes) {
  const value = testValue(bytes, 1);
  const path = (key) => `/v1/objects/key-${key}`;
  const operations = {
    PUT: async (client, key) => {
      const answer = await client.put(path(key), value);
      if (!answer.includes('"stored":true')) throw new Error(answer.toString());
    },
    GET: async (client, key) => {
      const body = await client.get(path(key));
      if (!body.equals(value)) throw new Error('wrong bytes');
    },
  };
  const clients = {};
  for (const [name, { port }] of Object.entries(servers)) {
    clients[name] = await Promise.all(Array.from({ length: connections }, () => RawClient.open(port, bytes)));
    for (let key = 0; key < KEYS; key++) await operations.PUT(clients[name][0], key);
  }
  for (const [verb, operation] of Object.entries(operations)) {
    const rates = { plain: [], kvnest: [] };
    const cpu = { plain: [], kvnest: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? ['plain', 'kvnest'] : ['kvnest', 'plain'];
      for (const name of order) {
        const before = await cpuMs(servers[name]);
        const { operations, rate } = await run(clients[name], operation);
        rates[name].push(rate);
        cpu[name].push(((await cpuMs(servers[name])) - before) / ((operations * bytes) / 1e9));
      }
    }
    const ratios = rates.kvnest.map((rate, round) => rate / rates.plain[round]);
    const gigabytes = (name) => ((median(rates[name]) * bytes) / 1e9).toFixed(2);
    console.log(
      `| ${verb} ${bytes / MIB} MiB, ${connections} connection${connections === 1 ? '' : 's'} | ` +
        `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}) | ` +
        `${gigabytes('kvnest')} / ${gigabytes('plain')} | ` +
        `${median(cpu.kvnest).toFixed(0)} / ${median(cpu.plain).toFixed(0)} |`,
    );
  }
  for (const client of Object.values(clients).flat()) client.close();
}

const servers = {
  plain: await startServer('./plain-server.mjs'),
  kvnest: await startServer('./kvnest-server.mjs'),
};
console.log(
  '| | kvnest ÷ plain, median (min–max) | GB/s, kvnest / plain | server CPU ms per GB |\n|---|---|---|---|',
);
for (const connections of options.connections.split(',').map(Number)) {
  for (const mib of options.mib.split(',').map(Number)) await compare(servers, connections, mib * MIB);
}
for (const { child } of Object.values(servers)) child.kill('SIGTERM');
