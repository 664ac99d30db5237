import { type DropReason } from '../socket/drop-reason.js';
import { SocketCounters } from '../socket/socket-counters.js';

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

/** What the door counts, from its start on. A dropped value is one that was answered `+OK` and not kept. */
export class RespCounters extends SocketCounters {
  commandErrors = 0;

  constructor() {
    super(DROP_REASONS);
  }

  override snapshot(): Readonly<Record<string, number>> {
    return { ...super.snapshot(), command_errors: this.commandErrors };
  }
}
