import { type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import {
  ConnectionPool,
  type ConnectionPoolOptions,
  unlessDead,
} from '../connection-pool/connection-pool.js';
import { type RespCallOptions } from './pending-call.js';
import { type RespConnection } from './resp-connection.js';
import { SharedConnection } from './shared-connection.js';

/**
 * Connections to one server. Values have connections of their own, one caller at a time (`lease`), so that a caller who
 * gives up in the midst of a value takes nothing from others; small commands of all callers share one more connection
 * (`ask`) and never wait behind a value.
 */
export class RespPool extends ConnectionPool<RespConnection> {
  readonly #shared: SharedConnection;

  /** @param options whose `connections` are those for values. */
  constructor(options: ConnectionPoolOptions<RespConnection>) {
    super(options);
    this.#shared = new SharedConnection(() => this.connect(this.stopSignal(undefined)));
  }

  /** Small commands, beside those of others. */
  async ask(request: readonly Uint8Array[], options: RespCallOptions = {}): Promise<readonly RespValue[]> {
    const again = async (): Promise<readonly RespValue[]> => {
      const connection = await this.#unlessStopped(this.#shared.get(), options.signal);
      return connection.call(request, options);
    };
    return unlessDead(this.#shared.current, (connection) => connection.call(request, options), again);
  }

  /** Somebody who stops waiting does not stop what others wait for. */
  async #unlessStopped<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const stop = this.stopSignal(signal);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(this.stopped());
    stop.addEventListener('abort', onAbort);
    try {
      return await Promise.race([running, stopped]);
    } finally {
      stop.removeEventListener('abort', onAbort);
    }
  }
}
