import { remoteTimeout } from '../connectors/connector-errors.js';
import { type Layer, type LayerCall, type NextLayer } from './layer.interface.js';
import { lazySignal } from './lazy-signal.js';

export interface TimeoutLayerOptions {
  /** What errors call the store. */
  readonly store: string;
  readonly timeoutMs: number;
  /** How long `close` may take. Default: as long as it takes. */
  readonly closeTimeoutMs?: number;
}

/**
 * A call that takes longer ends with KV_REMOTE_TIMEOUT, whatever goes on below: its signal aborts, an answer that comes
 * after all is given back, and chunks that are still being sent are kept until they are not.
 */
export class TimeoutLayer implements Layer {
  readonly name = 'timeout';

  constructor(private readonly options: TimeoutLayerOptions) {}

  call<T>(call: LayerCall<T>, next: NextLayer): Promise<T> {
    const { store, timeoutMs } = this.options;
    return new Promise<T>((resolve, reject) => {
      const signal = lazySignal(call);
      let kept: Disposable | undefined;
      const timer = setTimeout(() => {
        kept = call.keepChunks();
        const error = remoteTimeout(store, call.operation, timeoutMs);
        signal.abort(error);
        signal.end();
        reject(error);
      }, timeoutMs);
      /** @returns whether somebody still waits. */
      const settle = (): boolean => {
        signal.end();
        clearTimeout(timer);
        kept?.[Symbol.dispose]();
        return kept === undefined;
      };
      const answer = next(call.withSignal(signal.options));
      answer.then(
        (value) => {
          if (settle()) resolve(value);
          else call.discard(value);
        },
        () => {
          if (settle()) resolve(answer);
        },
      );
    });
  }

  close(next: () => Promise<void>): Promise<void> {
    const { store, closeTimeoutMs } = this.options;
    if (closeTimeoutMs === undefined) return next();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(remoteTimeout(store, 'close', closeTimeoutMs)), closeTimeoutMs);
      next()
        .finally(() => clearTimeout(timer))
        .then(resolve, reject);
    });
  }
}
