import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type CommitOptions, type StoreResult } from '../../../engine/object-store.interface.js';
import { disposeAfter } from '../../dispose-after.js';
import { type DropReason } from '../../socket/drop-reason.js';
import { type IncomingValue } from '../../socket/incoming-value.js';

/** What became of a value. */
export interface StoredValue {
  /** Why it was not kept; undefined = it was. */
  readonly dropped: DropReason | undefined;
  readonly tiers: readonly string[];
  readonly checksum: number;
}

export interface StoreValueOptions extends Omit<CommitOptions, 'checksum'> {
  /** What the bytes must have, where it is known. */
  readonly expectedChecksum: number | undefined;
}

/** Keeps a value that has come, or gives it up. */
export function storeValue(
  incoming: IncomingValue,
  { expectedChecksum, ...options }: StoreValueOptions,
): Awaitable<StoredValue> {
  const chunk = incoming.takeChunk();
  if (chunk === undefined) {
    incoming[Symbol.dispose]();
    return notKept(incoming.dropped ?? 'internal');
  }
  const { checksum, reservation } = chunk;
  if (expectedChecksum !== undefined && expectedChecksum !== checksum) {
    chunk[Symbol.dispose]();
    return notKept('checksum');
  }
  const result = disposeAfter(chunk, () => reservation.commit({ ...options, checksum }));
  return chain(result, (stored) => told(stored, checksum));
}

function told({ stored, tiers, reason = 'failed' }: StoreResult, checksum: number): StoredValue {
  return stored ? { dropped: undefined, tiers, checksum } : notKept(reason);
}

function notKept(dropped: DropReason): StoredValue {
  return { dropped, tiers: [], checksum: 0 };
}
