// What a plugin that prints 100 MB/s costs those who read from the cache: p50 of GETs of `kvnest serve` while it prints,
// against the same plugin printing to /dev/null. Rounds alternate; a ratio is taken within a round.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RawClient } from '../http/raw-client.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '2' },
    kib: { type: 'string', default: '64,1024' },
    megabytes: { type: 'string', default: '100' },
  },
});
const ROUNDS = Number(options.rounds);
const SECONDS = Number(options.seconds);
const KIB = 1024;
const SETTLE_MS = 300;
const PLUGINS = ['to_log', 'to_null'];

const folder = mkdtempSync(join(tmpdir(), 'kvnest-bench-plugins-'));

async function startServer() {
  const plugins = join(folder, 'plugins');
  mkdirSync(plugins);
  for (const name of PLUGINS) {
    copyFileSync(new URL('./flood.mjs', import.meta.url), join(plugins, `${name}.mjs`));
  }
  const config = join(folder, 'kvnest.yaml');
  const settings = {
    doors: { http: { port: 0 }, resp: false, lm: false, tcp: false, nest: false },
    max_local_cpu_size: 0.25,
    local_disk: null,
    runtime_plugin_locations: [plugins],
    runtime_plugin_extra_config: { flood: { megabytes: Number(options.megabytes), folder } },
    plugins: { restart: 'never' },
  };
  writeFileSync(config, JSON.stringify(settings));
  const log = openSync(join(folder, 'log'), 'w');
  const bin = fileURLToPath(new URL('../../bin/kvnest.mjs', import.meta.url));
  const child = spawn(process.execPath, [bin, 'serve', '--config', config], { stdio: ['ignore', log, log] });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the server ended:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2000)}`);
  });
  ended.catch(() => undefined);
  const url = await Promise.race([readBanner(), ended]);
  return { child, url };
}

async function readBanner() {
  for (;;) {
    const found = /http +(http:\/\/\S+)/.exec(readFileSync(join(folder, 'log'), 'utf8'));
    if (found !== null) return found[1];
    await delay(20);
  }
}

async function tell(url, name, command) {
  const response = await fetch(`${url}/v1/plugins/${name}.mjs/${command}`, { method: 'POST' });
  const status = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(status));
  return status;
}

/** p50 of GETs in microseconds while the plugin prints. */
async function measure(url, name, client, bytes) {
  await tell(url, name, 'start');
  await delay(SETTLE_MS);
  const times = [];
  const deadline = performance.now() + SECONDS * 1000;
  for (let before = performance.now(); before < deadline;) {
    const body = await client.get('/v1/objects/key');
    const after = performance.now();
    if (body.length !== bytes) throw new Error('a miss');
    times.push((after - before) * 1000);
    before = after;
  }
  const { droppedBytes } = await tell(url, name, 'stop');
  const flood = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  return { p50: median(times), p99: quantile(times, 0.99), droppedBytes, ...flood };
}

function median(values) {
  return quantile(values, 0.5);
}

function quantile(values, share) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)];
}

async function compare(url, bytes) {
  const client = await RawClient.open(Number(new URL(url).port), bytes);
  await client.put('/v1/objects/key', Buffer.alloc(bytes, 7));
  const results = { to_log: [], to_null: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? PLUGINS : PLUGINS.toReversed()) {
      results[name].push(await measure(url, name, client, bytes));
    }
  }
  client.close();
  const of = (name, field) => results[name].map((result) => result[field]);
  const ratios = (field) => of('to_log', field).map((value, round) => value / of('to_null', field)[round]);
  const spread = (values) =>
    `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
  console.log(
    `| ${bytes / KIB} KiB | ${spread(ratios('p50'))} | ${spread(ratios('p99'))} | ` +
      `${median(of('to_log', 'p50')).toFixed(0)} / ${median(of('to_null', 'p50')).toFixed(0)} | ` +
      `${median(of('to_log', 'megabytes')).toFixed(0)} / ${median(of('to_null', 'megabytes')).toFixed(0)} | ` +
      `${Math.max(...of('to_log', 'longestMs')).toFixed(1)} |`,
  );
}

const { child, url } = await startServer();
try {
  for (const name of PLUGINS) await tell(url, name, 'stop');
  console.log('| GET | p50, printing ÷ /dev/null | p99 | p50 in µs | MB/s printed | longest write, ms |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const kib of options.kib.split(',').map(Number)) await compare(url, kib * KIB);
} finally {
  child.kill('SIGTERM');
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
}
