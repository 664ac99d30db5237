import { isKvError } from '../../common/errors/kv-error.js';
import { remoteAborted, remoteClosed } from '../connector-errors.js';
import { LeaseGate } from './lease-gate.js';

/** What a pool has to know of its connections. */
export interface PooledConnection {
  readonly isOpen: boolean;
  /** Whether the next caller may have it: open, and nothing of the last one is left on it. */
  readonly isReusable: boolean;
  /** Bytes that came in since it was opened: tells whether the server has answered at all. */
  readonly receivedBytes: number;
  /** Settles when it is gone, by whatever way. */
  readonly closed: Promise<void>;
  /** Ends it at once: whoever waits for it is rejected with `reason`. */
  destroy(reason: Error): void;
}

export interface ConnectionPoolOptions<Connection> {
  /** What errors call the store. */
  readonly label: string;
  /** So many at once. */
  readonly connections: number;
  /** Makes one that is ready for use; rejects soon when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<Connection>;
}

/**
 * Connections to one server, opened when they are needed, each with one caller at a time. That a server closed a
 * connection while it was idle may show only when it is used: then the call is made once more.
 */
export class ConnectionPool<Connection extends PooledConnection> {
  readonly #options: ConnectionPoolOptions<Connection>;
  readonly #gate: LeaseGate;
  readonly #idle: Connection[] = [];
  readonly #connections = new Set<Connection>();
  readonly #closing = new AbortController();

  constructor(options: ConnectionPoolOptions<Connection>) {
    this.#options = options;
    this.#gate = new LeaseGate(options.connections);
  }

  /**
   * Runs `run` on a connection that nobody else uses meanwhile. It is run once more when the connection turns out to
   * have been dead before.
   *
   * @param signal ends the wait for a connection; what runs on one has to look after it.
   */
  async lease<T>(run: (connection: Connection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (!this.#gate.tryEnter())
      await this.#gate.enter(this.stopSignal(signal)).catch(() => this.#throwStopped());
    try {
      const again = async (): Promise<T> =>
        this.#runAndKeep(await this.connect(this.stopSignal(signal)), run);
      return await unlessDead(this.#takeIdle(), (connection) => this.#runAndKeep(connection, run), again);
    } finally {
      this.#gate.leave();
    }
  }

  /** What runs rejects with KV_REMOTE_CLOSED. Nothing can be asked afterwards. */
  close(): void {
    this.#closing.abort();
    for (const connection of this.#connections) connection.destroy(this.stopped());
  }

  /** One more connection, beside those that are leased. */
  protected async connect(signal: AbortSignal): Promise<Connection> {
    if (signal.aborted) this.#throwStopped();
    const connection = await this.#options.open(signal).catch((error: unknown) => {
      throw signal.aborted ? this.stopped() : error;
    });
    if (this.#closing.signal.aborted) connection.destroy(this.stopped());
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    return connection;
  }

  /** Aborts with the caller's signal, and when the pool closes. Made only for who must wait: it costs more than a small call. */
  protected stopSignal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }

  /** Why somebody who waited does so no more. */
  protected stopped(): Error {
    const { label } = this.#options;
    return this.#closing.signal.aborted ? remoteClosed(label) : remoteAborted(label);
  }

  async #runAndKeep<T>(connection: Connection, run: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      return await run(connection);
    } finally {
      if (connection.isReusable) this.#idle.push(connection);
      else if (connection.isOpen) connection.destroy(remoteClosed(this.#options.label));
    }
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection?.isOpen !== false) return connection;
    }
  }

  #throwStopped(): never {
    throw this.stopped();
  }
}

/** Runs `again` when there is no connection, or when the first run shows that it was dead before. */
export async function unlessDead<Connection extends PooledConnection, T>(
  connection: Connection | undefined,
  first: (connection: Connection) => Promise<T>,
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
