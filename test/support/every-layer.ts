import { ChaosLayer } from '../../src/layers/chaos.layer.js';
import { CircuitBreakerLayer } from '../../src/layers/circuit-breaker.layer.js';
import { type Layer } from '../../src/layers/layer.interface.js';
import { LimitLayer } from '../../src/layers/limit.layer.js';
import { MetricsLayer } from '../../src/layers/metrics.layer.js';
import { RetryLayer } from '../../src/layers/retry.layer.js';
import { TimeoutLayer } from '../../src/layers/timeout.layer.js';

export type MakeLayers = () => readonly Layer[];

interface NamedLayers {
  readonly name: string;
  readonly make: MakeLayers;
}

const MIB = 2 ** 20;
const store = 'test://store';

const metrics = (): Layer => new MetricsLayer({ tier: 'test' });
const breaker = (): Layer =>
  new CircuitBreakerLayer({ tier: 'test', store, failures: 5, cooldownMs: 1_000, maxCooldownMs: 10_000 });
const retry = (): Layer => new RetryLayer({ store, attempts: 3, baseDelayMs: 1, maxDelayMs: 10 });
const timeout = (): Layer => new TimeoutLayer({ store, timeoutMs: 30_000, closeTimeoutMs: 30_000 });
const delays = (): Layer => new ChaosLayer({ store, seed: 1, faults: { delay: 0.2 }, maxDelayMs: 2 });

/** So narrow that calls wait for one another. */
const limit = (): Layer =>
  new LimitLayer({
    store,
    maxCalls: 2,
    maxBytes: MIB,
    maxWaitingCalls: 1_000,
    maxWaitingBytes: 64 * MIB,
    maxWaitMs: 30_000,
  });

const all = (): readonly Layer[] => [metrics(), limit(), breaker(), retry(), timeout(), delays()];

const only =
  (make: () => Layer): MakeLayers =>
  () => [make()];

/** All layers, in the order of the product. */
export const ALL_LAYERS: NamedLayers = { name: 'all layers', make: all };

/** Each layer alone, and all of them, each time anew. */
export const EVERY_LAYER: readonly NamedLayers[] = [
  { name: 'the metrics layer', make: only(metrics) },
  { name: 'the limit layer', make: only(limit) },
  { name: 'the circuit breaker layer', make: only(breaker) },
  { name: 'the retry layer', make: only(retry) },
  { name: 'the timeout layer', make: only(timeout) },
  { name: 'the chaos layer, which delays', make: only(delays) },
  ALL_LAYERS,
];
