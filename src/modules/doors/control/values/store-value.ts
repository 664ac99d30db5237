import { type Awaitable } from '../../../../common/awaitable.js';
import { type CacheEngine } from '../../../engine/cache-engine.interface.js';
import {
  type CommitOptions,
  type PutReservation,
  type Refusal,
  type ReserveOptions,
} from '../../../engine/object-store.interface.js';
import { type PutAnswer, putAnswer } from '../input/put-answer.js';
import { type IncomingValue } from './value-json.js';

/** Copies a small value into the arena and commits it. */
export async function storeValue(
  engine: Pick<CacheEngine, 'crc32c'>,
  { bytes, metadata, checksum: expected }: IncomingValue,
  reserve: (lengthBytes: number, options: ReserveOptions) => Awaitable<PutReservation | Refusal>,
  options: Omit<CommitOptions, 'checksum' | 'metadata'>,
): Promise<PutAnswer> {
  const checksum = engine.crc32c(bytes);
  if (expected !== undefined && expected !== checksum) return { stored: false, reason: 'checksum' };
  const room = await reserve(bytes.length, { metadataCapacityBytes: metadata?.length ?? 0 });
  if ('refused' in room) return { stored: false, reason: room.refused };
  using reservation = room;
  let offset = 0;
  for (const view of reservation.views) offset += bytes.copy(view, 0, offset);
  const result = await reservation.commit({
    ...options,
    checksum,
    ...(metadata === undefined ? {} : { metadata }),
  });
  return putAnswer(result, checksum);
}
