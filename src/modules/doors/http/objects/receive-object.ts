import { type FastifyReply, type FastifyRequest } from 'fastify';
import { type Clock } from '../../../../common/clock.js';
import { KvError } from '../../../../common/errors/kv-error.js';
import { type DoorLimits } from '../../../../config/kvnest-config.interface.js';
import { type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { chunkKeyOf } from '../../control/input/chunk-keys.js';
import { checksumToHex } from '../../control/input/encodings.js';
import { type PutAnswer, putAnswer } from '../../control/input/put-answer.js';
import { BodyReader } from '../body/body-reader.js';
import { bodyLengthOf, expectedChecksumOf, metadataOf } from './object-headers.js';
import { putOptionsOf } from './put-query.js';
import { receiveChunk } from './receive-chunk.js';

export interface ReceiveContext {
  readonly engine: CacheEngine;
  readonly limits: DoorLimits;
  readonly clock: Clock;
}

/**
 * A PUT: admission first, then the body straight into the arena. A body that was not admitted is not waited for.
 *
 * @throws KV_INPUT_… and KV_HTTP_… for a request that cannot be served; nothing is stored then.
 */
export async function receiveObject(
  { engine, limits, clock }: ReceiveContext,
  keyText: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<PutAnswer> {
  const options = putOptionsOf(request.query as object);
  const key = chunkKeyOf(keyText, options.namespace);
  const metadata = metadataOf(request);
  const expectedChecksum = expectedChecksumOf(request);
  const length = bodyLengthOf(request, limits.maxValueBytes);
  using body = new BodyReader(request.raw, reply.raw, limits.bodyTimeoutMs);
  if (options.onlyIfAbsent) {
    const [tier] = await engine.exists([key]);
    if (tier !== undefined) return { stored: false, reason: 'exists' };
  }
  const room = await engine.reserve(key, length, { metadataCapacityBytes: metadata?.length ?? 0 });
  if ('refused' in room) return { stored: false, reason: room.refused };
  using reservation = room;
  const checksum = await receiveChunk(engine, body, reservation);
  await body.readEnd();
  if (expectedChecksum !== undefined && expectedChecksum !== checksum) throw checksumMismatch(checksum);
  const result = await reservation.commit({
    checksum,
    ack: options.ack,
    onlyIfAbsent: options.onlyIfAbsent,
    ...(metadata === undefined ? {} : { metadata }),
    ...(options.ttlMs === 0 ? {} : { expiresAtMs: clock.nowMs() + options.ttlMs }),
  });
  return putAnswer(result, checksum);
}

function checksumMismatch(checksum: number): KvError {
  return new KvError('KV_INPUT_CHECKSUM', 'the body does not have the checksum that the request announced', {
    kind: 'input',
    retryable: true,
    details: { checksum: checksumToHex(checksum) },
  });
}
