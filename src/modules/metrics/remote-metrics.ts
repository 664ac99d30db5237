import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import {
  remoteCallChannel,
  type RemoteCallMessage,
  remoteCircuitChannel,
  type RemoteCircuitMessage,
} from '../../common/tracing/remote-call.channel.js';

const CALL_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

const CIRCUIT_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** What remote stores are asked, and how they answer, as the layers around them publish it. */
export class RemoteMetrics {
  readonly #seconds: Histogram<'tier' | 'operation'>;
  readonly #errors: Counter<'tier' | 'operation' | 'code'>;
  readonly #circuit: Gauge<'tier'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#seconds = new Histogram({
      name: 'kvnest_remote_call_seconds',
      help: 'Time of a call to a remote store, with waiting and retries',
      labelNames: ['tier', 'operation'],
      buckets: CALL_BUCKETS,
      registers,
    });
    this.#errors = new Counter({
      name: 'kvnest_remote_errors_total',
      help: 'Calls to a remote store that failed, by code of the error',
      labelNames: ['tier', 'operation', 'code'],
      registers,
    });
    this.#circuit = new Gauge({
      name: 'kvnest_remote_circuit_state',
      help: 'Circuit breaker of a remote store, once it has opened: 0 closed, 1 half-open, 2 open',
      labelNames: ['tier'],
      registers,
    });
  }

  start(): void {
    subscribe(remoteCallChannel.name, this.#onCall);
    subscribe(remoteCircuitChannel.name, this.#onCircuit);
  }

  stop(): void {
    unsubscribe(remoteCallChannel.name, this.#onCall);
    unsubscribe(remoteCircuitChannel.name, this.#onCircuit);
  }

  readonly #onCall = (message: unknown): void => {
    const { tier, operation, seconds, error } = message as RemoteCallMessage;
    this.#seconds.observe({ tier, operation }, seconds);
    if (error !== undefined) this.#errors.inc({ tier, operation, code: error });
  };

  readonly #onCircuit = (message: unknown): void => {
    const { tier, state } = message as RemoteCircuitMessage;
    this.#circuit.set({ tier }, CIRCUIT_STATES[state]);
  };
}
