import { type DropReason } from '../socket/drop-reason.js';
import { SocketCounters } from '../socket/socket-counters.js';

const DROP_REASONS: readonly DropReason[] = [
  'too-large',
  'busy',
  'draining',
  'rejected',
  'failed',
  'exists',
  'checksum',
  'stalled',
  'internal',
];

/** What the door counts, from its start on. A dropped value is one that was put and not kept, as its client was told. */
export class TcpCounters extends SocketCounters {
  requestErrors = 0;
  cancelled = 0;
  timeouts = 0;
  heartbeatsMissed = 0;

  /** @param peers what is counted of peers that read chunks by themselves. */
  constructor(private readonly peers: () => Readonly<Record<string, number>>) {
    super(DROP_REASONS);
  }

  override snapshot(): Readonly<Record<string, number>> {
    return {
      ...super.snapshot(),
      request_errors: this.requestErrors,
      cancelled: this.cancelled,
      timeouts: this.timeouts,
      heartbeats_missed: this.heartbeatsMissed,
      ...this.peers(),
    };
  }
}
