// What layers cost a call, over a connector that answers at once. Needs a build: npm run build
import { performance } from 'node:perf_hooks';
import { Registry } from 'prom-client';
import { createArena } from '../dist/arena/create-arena.js';
import { connectorStack } from '../dist/backends/remote/connector-stack.js';
import { RemoteOptions } from '../dist/backends/remote/remote.config.js';
import { ChaosLayer } from '../dist/layers/chaos.layer.js';
import { CircuitBreakerLayer } from '../dist/layers/circuit-breaker.layer.js';
import { layeredConnector } from '../dist/layers/layered-connector.js';
import { LimitLayer } from '../dist/layers/limit.layer.js';
import { MetricsLayer } from '../dist/layers/metrics.layer.js';
import { RetryLayer } from '../dist/layers/retry.layer.js';
import { TimeoutLayer } from '../dist/layers/timeout.layer.js';
import { RemoteMetrics } from '../dist/modules/metrics/remote-metrics.js';
import { ChunkKey } from '../dist/protocols/chunk-key/chunk-key.js';

const CALLS = 50_000;
const ROUNDS = 9;
const GOAL_MICROSECONDS = 5;
const MIB = 2 ** 20;

const store = 'loopback://bench';
const makeMetrics = () => new MetricsLayer({ tier: 'bench' });
const makeLimit = () =>
  new LimitLayer({
    store,
    maxCalls: 64,
    maxBytes: 256 * MIB,
    maxWaitingCalls: 1_000,
    maxWaitingBytes: 256 * MIB,
    maxWaitMs: 1_000,
  });
const makeBreaker = () =>
  new CircuitBreakerLayer({ tier: 'bench', store, failures: 5, cooldownMs: 1_000, maxCooldownMs: 30_000 });
const makeRetry = () => new RetryLayer({ store, attempts: 3, baseDelayMs: 50, maxDelayMs: 1_000 });
const makeTimeout = () => new TimeoutLayer({ store, timeoutMs: 10_000 });
const makeAll = () => [makeMetrics(), makeLimit(), makeBreaker(), makeRetry(), makeTimeout()];

/** A connector that answers at once; the second one looks at the signal, as one with a socket does. */
const answering = {
  get: () => Promise.resolve('miss'),
  put: () => Promise.resolve('stored'),
};
const watching = {
  get: (_, options) => Promise.resolve(options?.signal?.aborted ? 'busy' : 'miss'),
};

const arena = createArena({ capacityBytes: 16 * MIB, native: false });
const key = ChunkKey.of('model@1@0@0123456789abcdef@bfloat16');
const chunk = arena.allocate({ key, lengthBytes: 64 * 1024 });
chunk.seal(0);

const get = (connector) => () => connector.get(key);
const put = (connector) => () => connector.put(chunk);
const around = (target, layers) => layeredConnector(target, layers);
const prometheus = new RemoteMetrics(new Registry());

const inTier = (target) =>
  connectorStack(target, { name: 'bench', label: store, options: new RemoteOptions(), onStateChange() {} });

const cases = [
  { name: 'bare connector', call: get(answering) },
  { name: 'no layer', call: get(around(answering, [])) },
  { name: 'metrics, nobody listens', call: get(around(answering, [makeMetrics()])) },
  { name: 'metrics, for Prometheus', call: get(around(answering, [makeMetrics()])), isHeard: true },
  { name: 'limit', call: get(around(answering, [makeLimit()])) },
  { name: 'circuit breaker', call: get(around(answering, [makeBreaker()])) },
  { name: 'retry', call: get(around(answering, [makeRetry()])) },
  { name: 'timeout', call: get(around(answering, [makeTimeout()])) },
  {
    name: 'chaos, without faults',
    call: get(around(answering, [new ChaosLayer({ store, seed: 1, faults: {} })])),
  },
  { name: 'all but chaos', call: get(around(answering, makeAll())), isGoal: true },
  { name: 'all but chaos, a put', call: put(around(answering, makeAll())), isGoal: true },
  {
    name: 'all but chaos, for Prometheus',
    call: get(around(answering, makeAll())),
    isHeard: true,
    isGoal: true,
  },
  { name: 'as in a remote tier', call: get(inTier(answering)), isGoal: true },
  { name: 'all but chaos, signal looked at', call: get(around(watching, makeAll())) },
];

/** Processor time, so that other processes on the machine do not count. */
async function microsecondsPerCall({ call, isHeard }) {
  if (isHeard) prometheus.start();
  const start = process.cpuUsage();
  for (let i = 0; i < CALLS; i++) await call();
  const { user, system } = process.cpuUsage(start);
  if (isHeard) prometheus.stop();
  return (user + system) / CALLS;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const started = performance.now();
for (const each of cases) await microsecondsPerCall(each);
const times = new Map(cases.map(({ name }) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const each of cases) times.get(each.name).push(await microsecondsPerCall(each));
}
console.log('microseconds of processor time a call: median (least–most)');
for (const { name, isGoal } of cases) {
  const values = times.get(name);
  const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)];
  const figures = `${middle.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
  console.log(`${name.padEnd(34)} ${figures}${isGoal ? `  goal ≤ ${GOAL_MICROSECONDS}` : ''}`);
  if (isGoal && middle > GOAL_MICROSECONDS) process.exitCode = 1;
}
console.log(`${ROUNDS} rounds in turns, ${Math.round((performance.now() - started) / 1000)} s`);
chunk[Symbol.dispose]();
arena.close();
