import { clientClosed } from '../client-errors.js';
import { type Call, type CallCarrier } from '../wire/call.js';
import { Connection, type ConnectionOptions, type ConnectionOwner } from '../wire/connection.js';

/** So many connections are kept for the next stream. */
const MAX_IDLE = 2;

/** Connections with one stream each, so that a reader who takes his time keeps nobody else waiting. */
export class StreamLane implements CallCarrier, ConnectionOwner {
  readonly #options: ConnectionOptions;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting = new Map<Connection, Call>();
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get connections(): Iterable<Connection> {
    return this.#connections;
  }

  dispatch(call: Call): void {
    if (this.#isClosed) {
      call.fail(clientClosed());
      return;
    }
    const idle = this.#idle.pop();
    if (idle !== undefined) {
      idle.send(call);
      return;
    }
    const connection = new Connection(this.#options, this);
    this.#connections.add(connection);
    this.#waiting.set(connection, call);
    call.carrier = this;
  }

  /** Nobody waits; the connection may serve the next one. */
  abandon(): void {
    // `onOpen` finds the call done.
  }

  close(error: Error): void {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.destroy(error);
  }

  onOpen(connection: Connection): void {
    const call = this.#waiting.get(connection);
    this.#waiting.delete(connection);
    if (call?.isDone === false) connection.send(call);
    else this.onRoom(connection);
  }

  onRoom(connection: Connection): void {
    if (connection.isBusy || !connection.isOpen) return;
    if (connection.isPaused) connection.resume();
    if (this.#idle.length < MAX_IDLE && !connection.isLeaving) this.#idle.push(connection);
    else connection.destroy(clientClosed());
  }

  onLeaving(connection: Connection): void {
    if (this.#forgetIdle(connection)) connection.destroy(clientClosed());
  }

  onClose(connection: Connection, error: Error, lost: readonly Call[]): void {
    this.#connections.delete(connection);
    this.#forgetIdle(connection);
    this.#waiting.get(connection)?.fail(error);
    this.#waiting.delete(connection);
    for (const call of lost) {
      if (this.#isClosed || connection.wasSilent || !call.mayRestart) call.fail(error);
      else {
        call.restart();
        this.dispatch(call);
      }
    }
  }

  #forgetIdle(connection: Connection): boolean {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    return at !== -1;
  }
}
