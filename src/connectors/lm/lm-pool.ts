import { isKvError } from '../../common/errors/kv-error.js';
import { remoteAborted, remoteClosed, remoteTimeout } from '../connector-errors.js';
import { LeaseGate } from '../resp-client/lease-gate.js';
import { type LmAddress, LmConnection } from './lm-connection.js';

export interface LmPoolOptions extends LmAddress {
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/**
 * Connections to one server, opened when they are needed, each with one caller at a time. That a server closed a
 * connection while it was idle may show only when it is used: then the call is made once more.
 */
export class LmPool {
  readonly #options: LmPoolOptions;
  readonly #gate: LeaseGate;
  readonly #idle: LmConnection[] = [];
  readonly #connections = new Set<LmConnection>();
  readonly #closing = new AbortController();

  constructor(options: LmPoolOptions) {
    this.#options = options;
    this.#gate = new LeaseGate(options.connections);
  }

  /**
   * Runs `run` on a connection that nobody else uses meanwhile.
   *
   * @param signal ends the wait for a connection; what runs on one has to look after it.
   */
  async lease<T>(run: (connection: LmConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const stop =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    await this.#gate.enter(stop).catch(() => this.#throwStopped());
    try {
      const kept = this.#takeIdle();
      if (kept === undefined) return await this.#runAndKeep(await this.#connect(stop), run);
      const receivedBefore = kept.receivedBytes;
      try {
        return await this.#runAndKeep(kept, run);
      } catch (error) {
        const wasDead = isKvError(error, 'KV_REMOTE_UNREACHABLE') && kept.receivedBytes === receivedBefore;
        if (!wasDead) throw error;
        return await this.#runAndKeep(await this.#connect(stop), run);
      }
    } finally {
      this.#gate.leave();
    }
  }

  /** What runs rejects with KV_REMOTE_CLOSED. Nothing can be asked afterwards. */
  close(): void {
    this.#closing.abort();
    for (const connection of this.#connections) connection.destroy(remoteClosed(this.#options.label));
  }

  async #runAndKeep<T>(connection: LmConnection, run: (connection: LmConnection) => Promise<T>): Promise<T> {
    try {
      return await run(connection);
    } finally {
      if (connection.isOpen) this.#idle.push(connection);
    }
  }

  #takeIdle(): LmConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection?.isOpen !== false) return connection;
    }
  }

  /** @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_TIMEOUT, KV_REMOTE_ABORTED, KV_REMOTE_CLOSED */
  async #connect(stop: AbortSignal): Promise<LmConnection> {
    if (stop.aborted) this.#throwStopped();
    const { label, connectTimeoutMs } = this.#options;
    const connection = new LmConnection(this.#options);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    const giveUp = (): void => connection.destroy(this.#stopped());
    const onTimeout = (): void => connection.destroy(remoteTimeout(label, 'connect', connectTimeoutMs));
    const timer = setTimeout(onTimeout, connectTimeoutMs);
    stop.addEventListener('abort', giveUp);
    try {
      await connection.connected;
      return connection;
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', giveUp);
    }
  }

  #throwStopped(): never {
    throw this.#stopped();
  }

  #stopped(): Error {
    const { label } = this.#options;
    return this.#closing.signal.aborted ? remoteClosed(label) : remoteAborted(label);
  }
}
