import { isKvError } from '../../common/errors/kv-error.js';
import { type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { remoteAborted, remoteClosed } from '../connector-errors.js';
import { LeaseGate } from './lease-gate.js';
import { type RespCallOptions } from './pending-call.js';
import { type RespConnection } from './resp-connection.js';
import { SharedConnection } from './shared-connection.js';

export interface RespPoolOptions {
  /** What errors call the store. */
  readonly label: string;
  /** Connections for values; one more carries the small commands. */
  readonly connections: number;
  /** Connects and signs in; rejects soon when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<RespConnection>;
}

/**
 * Connections to one server, opened when they are needed. Values have connections of their own, one caller at a time,
 * so that a caller who gives up in the midst of a value takes nothing from others; small commands of all callers share
 * one more connection and never wait behind a value.
 *
 * That a server closed a connection while it was idle may show only when it is used: then the call is made once more.
 */
export class RespPool {
  readonly #options: RespPoolOptions;
  readonly #gate: LeaseGate;
  readonly #idle: RespConnection[] = [];
  readonly #shared: SharedConnection;
  readonly #connections = new Set<RespConnection>();
  readonly #closing = new AbortController();

  constructor(options: RespPoolOptions) {
    this.#options = options;
    this.#gate = new LeaseGate(options.connections);
    this.#shared = new SharedConnection(() => this.#connect(this.#closing.signal));
  }

  /**
   * Runs `run` on a connection that nobody else uses meanwhile. It may send several requests at once, all with `signal`.
   * It is run once more when the connection turns out to have been dead before.
   */
  async lease<T>(run: (connection: RespConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (!this.#gate.tryEnter())
      await this.#gate.enter(this.#stopSignal(signal)).catch(() => this.#throwStopped());
    try {
      const kept = this.#takeIdle();
      const again = async (): Promise<T> =>
        this.#runAndKeep(await this.#connect(this.#stopSignal(signal)), run);
      return await unlessDead(kept, (connection) => this.#runAndKeep(connection, run), again);
    } finally {
      this.#gate.leave();
    }
  }

  /** Small commands, beside those of others. */
  async ask(request: readonly Uint8Array[], options: RespCallOptions = {}): Promise<readonly RespValue[]> {
    const again = async (): Promise<readonly RespValue[]> => {
      const connection = await this.#unlessStopped(this.#shared.get(), options.signal);
      return connection.call(request, options);
    };
    return unlessDead(this.#shared.current, (connection) => connection.call(request, options), again);
  }

  /** What runs rejects with KV_REMOTE_CLOSED. Nothing can be asked afterwards. */
  close(): void {
    this.#closing.abort();
    for (const connection of this.#connections) connection.destroy();
  }

  async #runAndKeep<T>(
    connection: RespConnection,
    run: (connection: RespConnection) => Promise<T>,
  ): Promise<T> {
    try {
      return await run(connection);
    } finally {
      if (connection.isTrusted && connection.isIdle) this.#idle.push(connection);
      else if (connection.isOpen) connection.destroy();
    }
  }

  #takeIdle(): RespConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection?.isOpen !== false) return connection;
    }
  }

  async #connect(signal: AbortSignal): Promise<RespConnection> {
    if (signal.aborted) this.#throwStopped();
    const connection = await this.#options.open(signal).catch((error: unknown) => {
      throw signal.aborted ? this.#stopped() : error;
    });
    if (this.#closing.signal.aborted) connection.destroy();
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    return connection;
  }

  /** Somebody who stops waiting does not stop what others wait for. */
  async #unlessStopped<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const stop = this.#stopSignal(signal);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(this.#stopped());
    stop.addEventListener('abort', onAbort);
    try {
      return await Promise.race([running, stopped]);
    } finally {
      stop.removeEventListener('abort', onAbort);
    }
  }

  /** Made only for who must wait: it costs more than a small call. */
  #stopSignal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }

  #throwStopped(): never {
    throw this.#stopped();
  }

  #stopped(): Error {
    const { label } = this.#options;
    return this.#closing.signal.aborted ? remoteClosed(label) : remoteAborted(label);
  }
}

/** Runs `again` when there is no connection, or when the first run shows that it was dead before. */
async function unlessDead<T>(
  connection: RespConnection | undefined,
  first: (connection: RespConnection) => Promise<T>,
  again: () => Promise<T>,
): Promise<T> {
  if (connection === undefined) return again();
  const receivedBefore = connection.receivedBytes;
  try {
    return await first(connection);
  } catch (error) {
    const wasDead = isKvError(error, 'KV_REMOTE_UNREACHABLE') && connection.receivedBytes === receivedBefore;
    if (wasDead) return again();
    throw error;
  }
}
