import { clientClosed } from '../client-errors.js';
import { type Call, type CallCarrier } from '../wire/call.js';
import { Connection, type ConnectionOptions, type ConnectionOwner } from '../wire/connection.js';

/** So many connections are kept for the next stream. */
const MAX_IDLE = 2;

/**
 * Connections with one stream each, so that a reader who takes his time keeps nobody else from reading. When there are as many
 * as there may be, a stream waits for another to end.
 */
export class StreamLane implements CallCarrier, ConnectionOwner {
  readonly #options: ConnectionOptions;
  readonly #maxConnections: number;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  /** For whom a connection is being made. */
  readonly #opening = new Map<Connection, Call>();
  readonly #waiting = new Set<Call>();
  #isClosed = false;

  constructor(options: ConnectionOptions, maxConnections: number) {
    this.#options = options;
    this.#maxConnections = maxConnections;
  }

  get connections(): Iterable<Connection> {
    return this.#connections;
  }

  dispatch(call: Call): void {
    const idle = this.#idle.pop();
    if (idle !== undefined) idle.send(call);
    else if (this.#isClosed) call.fail(clientClosed());
    else {
      call.carrier = this;
      if (this.#connections.size < this.#maxConnections) this.#openFor(call);
      else this.#waiting.add(call);
    }
  }

  /** Nobody waits for it. A connection that is made for it will serve another. */
  abandon(call: Call): void {
    this.#waiting.delete(call);
  }

  close(error: Error): void {
    this.#isClosed = true;
    this.#failWaiting(error);
    for (const connection of this.#connections) connection.destroy(error);
  }

  onOpen(connection: Connection): void {
    const call = this.#opening.get(connection);
    this.#opening.delete(connection);
    if (call?.isDone === false) connection.send(call);
    else this.onRoom(connection);
  }

  onRoom(connection: Connection): void {
    if (connection.isBusy || !connection.isOpen) return;
    connection.resume();
    const next = connection.isLeaving ? undefined : this.#takeWaiting();
    if (next !== undefined) connection.send(next);
    else if (this.#idle.length < MAX_IDLE && !connection.isLeaving) this.#idle.push(connection);
    else connection.destroy(clientClosed());
  }

  onLeaving(connection: Connection): void {
    if (this.#forgetIdle(connection)) connection.destroy(clientClosed());
  }

  onClose(connection: Connection, error: Error, lost: readonly Call[]): void {
    this.#connections.delete(connection);
    this.#forgetIdle(connection);
    const opening = this.#opening.get(connection);
    this.#opening.delete(connection);
    opening?.fail(error);
    if (connection.hello === undefined || connection.wasSilent) this.#failWaiting(error);
    for (const call of lost) this.#startAnew(call, connection, error);
    const next = this.#takeWaiting();
    if (next !== undefined) this.dispatch(next);
  }

  #openFor(call: Call): void {
    const connection = new Connection(this.#options, this);
    this.#connections.add(connection);
    this.#opening.set(connection, call);
  }

  #startAnew(call: Call, { wasSilent }: Connection, error: Error): void {
    if (this.#isClosed || wasSilent || !call.mayRestart) call.fail(error);
    else {
      call.restart();
      this.dispatch(call);
    }
  }

  #takeWaiting(): Call | undefined {
    const [next] = this.#waiting;
    if (next !== undefined) this.#waiting.delete(next);
    return next;
  }

  #failWaiting(error: Error): void {
    const calls = [...this.#waiting];
    this.#waiting.clear();
    for (const call of calls) call.fail(error);
  }

  #forgetIdle(connection: Connection): boolean {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    return at !== -1;
  }
}
