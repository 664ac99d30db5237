import { type DropReason } from './drop-reason.js';

/** What every door over sockets counts, from its start on. */
export class SocketCounters {
  connections = 0;
  connectionsRefused = 0;
  commands = 0;
  commandFailures = 0;
  protocolErrors = 0;
  slowReadersClosed = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly #dropped: Map<DropReason, number>;

  /** @param reasons for which values of this door are dropped. */
  constructor(reasons: readonly DropReason[]) {
    this.#dropped = new Map(reasons.map((reason) => [reason, 0]));
  }

  /** A value was accepted as far as the client sees, and not kept. */
  drop(reason: DropReason): void {
    this.#dropped.set(reason, this.dropped(reason) + 1);
  }

  dropped(reason: DropReason): number {
    return this.#dropped.get(reason) ?? 0;
  }

  /** All of them, flat, with stable names. */
  snapshot(): Readonly<Record<string, number>> {
    const counters: Record<string, number> = {
      connections: this.connections,
      connections_refused: this.connectionsRefused,
      commands: this.commands,
      command_failures: this.commandFailures,
      protocol_errors: this.protocolErrors,
      slow_readers_closed: this.slowReadersClosed,
      bytes_in: this.bytesIn,
      bytes_out: this.bytesOut,
    };
    for (const [reason, count] of this.#dropped) counters[`dropped_${reason.replaceAll('-', '_')}`] = count;
    return counters;
  }
}
