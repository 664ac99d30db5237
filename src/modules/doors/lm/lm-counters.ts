import { type DropReason } from '../socket/drop-reason.js';
import { SocketCounters } from '../socket/socket-counters.js';

const DROP_REASONS: readonly DropReason[] = [
  'too-large',
  'busy',
  'draining',
  'rejected',
  'failed',
  'stalled',
  'internal',
];

/** What the door counts, from its start on. A dropped value is one that was put and not kept. */
export class LmCounters extends SocketCounters {
  constructor() {
    super(DROP_REASONS);
  }
}
