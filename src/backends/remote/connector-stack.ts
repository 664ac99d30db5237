import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { type CircuitState, CircuitBreakerLayer } from '../../layers/circuit-breaker.layer.js';
import {
  type Layer,
  type LayerCall,
  type LayerOperation,
  type NextLayer,
} from '../../layers/layer.interface.js';
import { layeredConnector } from '../../layers/layered-connector.js';
import { LimitLayer } from '../../layers/limit.layer.js';
import { MetricsLayer } from '../../layers/metrics.layer.js';
import { RetryLayer } from '../../layers/retry.layer.js';
import { TimeoutLayer } from '../../layers/timeout.layer.js';
import { type RemoteOptions } from './remote.config.js';

export interface ConnectorStackOptions {
  /** Name of the tier. */
  readonly name: string;
  /** What errors call the store. */
  readonly label: string;
  readonly options: RemoteOptions;
  readonly onStateChange: (state: CircuitState, error: unknown) => void;
}

const FIRST_RETRY_MS = 20;
const MAX_RETRY_MS = 500;
/** No second attempt after this: what failed late, such as by a time-out, has cost enough. */
const RETRY_BUDGET_MS = 1_000;
const MAX_WAITING_CALLS = 4_096;

/** The longest time for which a store that is out of order is left alone. */
export function maxCooldownMs({ breaker_reset_ms, ping_interval_ms }: RemoteOptions): number {
  return Math.max(breaker_reset_ms, ping_interval_ms / 2);
}

/**
 * A connector with its resilience around it. No call takes longer than its wait for a turn, the budget of its retries
 * and its time-out; a store that is out of order costs nothing but a call now and then.
 */
export function connectorStack(connector: RemoteConnector, stack: ConnectorStackOptions): RemoteConnector {
  const { name, label: store, options, onStateChange } = stack;
  const limit = (maxCalls: number, maxWaitMs: number): Layer =>
    new LimitLayer({
      store,
      maxCalls,
      maxBytes: Infinity,
      maxWaitingCalls: MAX_WAITING_CALLS,
      maxWaitingBytes: Infinity,
      maxWaitMs,
    });
  const timeout = (timeoutMs: number): Layer =>
    new TimeoutLayer({ store, timeoutMs, closeTimeoutMs: options.timeout_ms });
  return layeredConnector(connector, [
    new MetricsLayer({ tier: name }),
    new ByOperation({
      lookup: limit(options.concurrency, options.lookup_timeout_ms),
      other: limit(2 * options.concurrency, options.timeout_ms),
    }),
    new CircuitBreakerLayer({
      tier: name,
      store,
      failures: options.breaker_failures,
      cooldownMs: options.breaker_reset_ms,
      maxCooldownMs: maxCooldownMs(options),
      onStateChange,
    }),
    new RetryLayer({
      store,
      attempts: options.retries + 1,
      baseDelayMs: FIRST_RETRY_MS,
      maxDelayMs: MAX_RETRY_MS,
      budgetMs: RETRY_BUDGET_MS,
    }),
    new ByOperation({
      lookup: timeout(options.lookup_timeout_ms),
      connect: timeout(options.connect_timeout_ms),
      other: timeout(options.timeout_ms),
    }),
  ]);
}

interface LayersByOperation {
  /** For questions whether chunks are there: they wait behind no transfer, and not for long. */
  readonly lookup: Layer;
  /** For reaching the store and pinging it. Default: `other`. */
  readonly connect?: Layer;
  readonly other: Layer;
}

/** Layers that do the same with other numbers, for calls of different kinds. */
class ByOperation implements Layer {
  readonly name: string;

  constructor(private readonly layers: LayersByOperation) {
    this.name = layers.other.name;
  }

  call<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    return this.#layerOf(call.operation).call(call, next);
  }

  close(next: () => Promise<void>): Promise<void> {
    const layers = Object.values(this.layers) as readonly Layer[];
    return layers.reduce<() => Promise<void>>(
      (below, layer) => () => layer.close?.(below) ?? below(),
      next,
    )();
  }

  #layerOf(operation: LayerOperation): Layer {
    const { lookup, other, connect = other } = this.layers;
    if (operation === 'exists' || operation === 'existsMany') return lookup;
    return operation === 'connect' || operation === 'ping' ? connect : other;
  }
}
