import { isKvError } from '../common/errors/kv-error.js';
import { remoteAborted } from '../connectors/connector-errors.js';
import { type Layer, type LayerCall, type NextLayer } from './layer.interface.js';
import { Pauses } from './pauses.js';

export interface RetryLayerOptions {
  /** What errors call the store. */
  readonly store: string;
  /** How often a call is made at most, the first time included. */
  readonly attempts: number;
  /** Longest pause before the second attempt; it doubles with each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** No attempt begins later than this after the first. Default: none is too late. */
  readonly budgetMs?: number;
  /** From 0 up to 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/**
 * Makes idempotent calls again that ended with a `retryable` error, after a pause drawn at random up to a bound that
 * grows (full jitter): many servers that lost one store do not come back to it at the same moment.
 */
export class RetryLayer implements Layer {
  readonly name = 'retry';
  readonly #pauses = new Pauses();

  constructor(private readonly options: RetryLayerOptions) {}

  call<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    const answer = next(call);
    if (!call.idempotent) return answer;
    const startMs = performance.now();
    return answer.catch((error: unknown) => this.#again(call, next, error, startMs));
  }

  close(next: () => Promise<void>): Promise<void> {
    this.#pauses.endAll();
    return next();
  }

  async #again<T>(call: LayerCall<T>, next: NextLayer, first: unknown, startMs: number): Promise<T> {
    const { attempts, baseDelayMs, maxDelayMs, random = Math.random, budgetMs = Infinity } = this.options;
    let error = first;
    for (let attempt = 1; attempt < attempts && isWorthIt(error); attempt++) {
      const delayMs = random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1));
      if (performance.now() + delayMs - startMs > budgetMs) break;
      if (!(await this.#pauses.wait(delayMs, call.signal))) {
        if (call.signal?.aborted === true) error = remoteAborted(this.options.store);
        break;
      }
      try {
        return await next(call);
      } catch (again) {
        error = again;
      }
    }
    throw error;
  }
}

function isWorthIt(error: unknown): boolean {
  return isKvError(error) && error.retryable && error.code !== 'KV_REMOTE_ABORTED';
}
