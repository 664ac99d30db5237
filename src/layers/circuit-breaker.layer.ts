import { type Clock } from '../common/clock.js';
import { isKvError } from '../common/errors/kv-error.js';
import { remoteCircuitChannel, type RemoteCircuitMessage } from '../common/tracing/remote-call.channel.js';
import { remoteCircuitOpen } from '../connectors/connector-errors.js';
import { type Layer, type LayerCall, type NextLayer } from './layer.interface.js';

/** `closed`: calls go through; `open`: they fail at once; `half-open`: one goes through and decides. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerLayerOptions {
  readonly tier: string;
  /** What errors call the store. */
  readonly store: string;
  /** How many failures in a row open it. */
  readonly failures: number;
  /** How long it is open at first. This doubles each time the store turns out to be still out of order. */
  readonly cooldownMs: number;
  readonly maxCooldownMs: number;
  /** Told of each change, with the error that was the last straw. */
  readonly onStateChange?: (state: CircuitState, error: unknown) => void;
  /** Default: a clock that nobody sets. */
  readonly clock?: Clock;
}

const monotonicClock: Clock = { nowMs: () => performance.now() };

/** Errors of the caller, or of a layer above or below, that say nothing of the store. */
const NOT_THE_STORE: ReadonlySet<string> = new Set([
  'KV_REMOTE_ABORTED',
  'KV_REMOTE_CLOSED',
  'KV_REMOTE_OVERLOADED',
  'KV_REMOTE_CIRCUIT_OPEN',
  'KV_BACKEND_CLOSED',
]);

/**
 * Calls no store that is out of order, but for one at a time that tries it.
 *
 * A failure is an error that is the store's; a miss and a busy store are answers. A chunk that is corrupt is one, too,
 * but a store of which every chunk is corrupt only costs time: as many in a row, with none whole among them, open the
 * breaker as failures do.
 */
export class CircuitBreakerLayer implements Layer {
  readonly name = 'circuit-breaker';
  readonly #clock: Clock;
  #state: CircuitState = 'closed';
  #failuresInRow = 0;
  #corruptInRow = 0;
  /** How often it opened since the store was last in order. */
  #openings = 0;
  #openUntilMs = 0;

  constructor(private readonly options: CircuitBreakerLayerOptions) {
    this.#clock = options.clock ?? monotonicClock;
  }

  get state(): CircuitState {
    return this.#state;
  }

  call<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    if (this.#state !== 'closed') return this.#probe(call, next);
    const answer = next(call);
    const isRead = call.operation === 'get' || call.operation === 'getMany';
    answer.then(isRead ? this.#onRead : this.#onAnswer, this.#onError);
    return answer;
  }

  readonly #onAnswer = (): void => {
    this.#failuresInRow = 0;
  };

  readonly #onRead = (answer: unknown): void => {
    this.#failuresInRow = 0;
    this.#weigh(answer);
    if (this.#state === 'closed' && this.#corruptInRow >= this.options.failures) this.#open(undefined);
  };

  readonly #onError = (error: unknown): void => {
    if (!isOfTheStore(error)) return;
    this.#failuresInRow++;
    if (this.#state === 'closed' && this.#failuresInRow >= this.options.failures) this.#open(error);
  };

  #probe<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    const waitMs = this.#openUntilMs - this.#clock.nowMs();
    if (this.#state === 'half-open' || waitMs > 0)
      return Promise.reject(remoteCircuitOpen(this.options.store));
    this.#change('half-open', undefined);
    const answer = next(call);
    answer.then(
      (value) => this.#onProbeAnswer(call, value),
      (error: unknown) => this.#onProbeError(error),
    );
    return answer;
  }

  #onProbeAnswer(call: LayerCall, value: unknown): void {
    this.#failuresInRow = 0;
    // What is not a read proves nothing of the chunks: the next corrupt one opens it again.
    this.#corruptInRow = Math.min(this.#corruptInRow, this.options.failures - 1);
    if (call.operation === 'get' || call.operation === 'getMany') this.#weigh(value);
    if (this.#corruptInRow >= this.options.failures) {
      this.#open(undefined);
      return;
    }
    if (this.#corruptInRow === 0) this.#openings = 0;
    this.#change('closed', undefined);
  }

  /** An error that says nothing of the store leaves the decision to the next call. */
  #onProbeError(error: unknown): void {
    if (isOfTheStore(error)) this.#open(error);
    else this.#change('open', error);
  }

  #weigh(answer: unknown): void {
    for (const outcome of Array.isArray(answer) ? (answer as readonly unknown[]) : [answer]) {
      if (outcome === 'corrupt') this.#corruptInRow++;
      else if (typeof outcome !== 'string') {
        this.#corruptInRow = 0;
        if (this.#state === 'closed') this.#openings = 0;
      }
    }
  }

  #open(error: unknown): void {
    const { cooldownMs, maxCooldownMs } = this.options;
    this.#openUntilMs = this.#clock.nowMs() + Math.min(maxCooldownMs, cooldownMs * 2 ** this.#openings);
    this.#openings++;
    this.#change('open', error);
  }

  #change(state: CircuitState, error: unknown): void {
    this.#state = state;
    const message: RemoteCircuitMessage = { tier: this.options.tier, state };
    remoteCircuitChannel.publish(message);
    this.options.onStateChange?.(state, error);
  }
}

function isOfTheStore(error: unknown): boolean {
  if (!isKvError(error)) return true;
  return (error.kind === 'unavailable' || error.kind === 'config') && !NOT_THE_STORE.has(error.code);
}
