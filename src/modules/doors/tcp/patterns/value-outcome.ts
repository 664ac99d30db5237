import { type PutOutcome } from '../../../../protocols/kvnest-tcp/replies.js';
import { type DropReason } from '../../socket/drop-reason.js';

const TOLD: ReadonlySet<string> = new Set<PutOutcome>([
  'too-large',
  'busy',
  'draining',
  'rejected',
  'exists',
  'checksum',
]);

/** What a client is told of a value that was not kept. */
export function outcomeOf(reason: DropReason): PutOutcome {
  return TOLD.has(reason) ? (reason as PutOutcome) : 'failed';
}
