// Runs the benchmarks one after another, each in a process of its own, and ends with the exit code of the first that
// failed. `npm run bench` runs all, `npm run bench -- resp http` some; what follows `--` goes to the benchmark.
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const BENCHMARKS = {
  arena: 'arena.bench.mjs',
  index: 'index.bench.mjs',
  policies: 'policies.bench.mjs',
  disk: 'disk.bench.mjs',
  http: 'http/http.bench.mjs',
  resp: 'resp/resp.bench.mjs',
  layers: 'layers.bench.mjs',
  remote: 'remote/remote.bench.mjs',
  serde: 'serde.bench.mjs',
  plugins: 'plugins/plugins.bench.mjs',
  tcp: 'tcp/tcp.bench.mjs',
  prefetch: 'prefetch/prefetch.bench.mjs',
  'two-tiers': 'two-tiers/two-tiers.bench.mjs',
  connectors: 'connectors/connectors.bench.mjs',
  nixl: 'nixl/nixl.bench.mjs',
};

const args = process.argv.slice(2);
const end = args.indexOf('--');
const names = end === -1 ? args : args.slice(0, end);
const passed = end === -1 ? [] : args.slice(end + 1);
const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}.`);
  process.exit(2);
}

const [cpu] = cpus();
const gib = Math.round(totalmem() / 2 ** 30);
console.log(`${cpus().length} × ${cpu?.model ?? 'CPU'}, ${gib} GiB, Node ${process.versions.node}`);
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  console.log(`\n# ${name}\n`);
  const file = fileURLToPath(new URL(BENCHMARKS[name], import.meta.url));
  const { status } = spawnSync(process.execPath, [file, ...passed], { stdio: 'inherit' });
  if (status !== 0) process.exitCode ||= status ?? 1;
}
