import { type RefusalReason } from '../../engine/object-store.interface.js';

/**
 * Why the value of a `SET` was read and not kept. Beside the engine's reasons: the key or the metadata is too long,
 * the client stalled, the other half of a pair did not come, or something failed inside.
 */
export type DropReason =
  RefusalReason | 'key-too-long' | 'metadata-too-large' | 'stalled' | 'pair-incomplete' | 'internal';

const DROP_REASONS: readonly DropReason[] = [
  'too-large',
  'busy',
  'draining',
  'rejected',
  'failed',
  'key-too-long',
  'metadata-too-large',
  'stalled',
  'pair-incomplete',
  'internal',
];

/** What the door counts, from its start on. */
export class RespCounters {
  connections = 0;
  connectionsRefused = 0;
  commands = 0;
  commandErrors = 0;
  commandFailures = 0;
  protocolErrors = 0;
  slowReadersClosed = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly #dropped = new Map<DropReason, number>(DROP_REASONS.map((reason) => [reason, 0]));

  /** A value was answered `+OK` and not kept. */
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
      command_errors: this.commandErrors,
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
