import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  decodeFrameHeader,
  FRAME_PREFIX_BYTES,
  frameHeaderLength,
} from '../../../../protocols/kvnest-frames/frame.js';
import { type PrefixChunk } from '../../../engine/cache-engine.interface.js';
import { inputError } from '../../control/input/input-error.js';
import { type PutAnswer, putAnswer } from '../../control/input/put-answer.js';
import { validate } from '../../control/input/validate.js';
import { receiveChunk } from '../objects/receive-chunk.js';
import { type ReceiveContext } from '../objects/receive-object.js';
import { BodyReader } from '../body/body-reader.js';
import { type ChunkJson, chunkJson } from '../../control/prefix/prefix-answers.js';
import { prefixRequestOf } from '../../control/prefix/prefix-request.js';
import { type IncomingChunk, incomingChunks, StoreHeaderDto } from './store-header.js';

export interface StoreAnswer {
  readonly chunks: readonly (ChunkJson & PutAnswer)[];
}

/**
 * Stores the chunks of a prefix: one header frame, then the bytes of each chunk back to back. A chunk that is not
 * admitted is skipped; the others are stored.
 *
 * @throws KV_INPUT_…, KV_FRAME_… and KV_HTTP_… for a request that cannot be served; the chunks in front of a place
 * where the body breaks off are stored.
 */
export async function storePrefix(
  context: ReceiveContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<StoreAnswer> {
  const { engine, limits } = context;
  using body = new BodyReader(request.raw, reply.raw, limits.bodyTimeoutMs);
  const prefix = await body.readBuffer(FRAME_PREFIX_BYTES);
  const headerLength = frameHeaderLength(prefix);
  const header = validate(StoreHeaderDto, decodeFrameHeader(await body.readBuffer(headerLength)));
  const places = await engine.chunksInTurns(prefixRequestOf(header));
  const incoming = incomingChunks(header.chunks, places.length, limits.maxValueBytes);
  checkLength(request.headers['content-length'], FRAME_PREFIX_BYTES + headerLength, incoming);
  const chunks: (ChunkJson & PutAnswer)[] = [];
  for (const chunk of incoming) {
    const place = places[chunk.index] as PrefixChunk;
    chunks.push({ ...chunkJson(place), ...(await storeChunk(context, body, header, place, chunk)) });
  }
  await body.readEnd();
  return { chunks };
}

async function storeChunk(
  { engine, clock }: ReceiveContext,
  body: BodyReader,
  { ack, ttl_ms, only_if_absent }: StoreHeaderDto,
  place: PrefixChunk,
  { lengthBytes, metadata, checksum: expected }: IncomingChunk,
): Promise<PutAnswer> {
  const room = await engine.reserveChunk(place, lengthBytes, {
    metadataCapacityBytes: metadata?.length ?? 0,
  });
  if ('refused' in room) {
    await body.skip(lengthBytes);
    return { stored: false, reason: room.refused };
  }
  using reservation = room;
  const checksum = await receiveChunk(engine, body, reservation);
  if (expected !== undefined && expected !== checksum) return { stored: false, reason: 'checksum' };
  const result = await reservation.commit({
    checksum,
    depth: place.index,
    ...(place.parent === undefined ? {} : { parent: place.parent }),
    ...(ack === undefined ? {} : { ack }),
    ...(only_if_absent === undefined ? {} : { onlyIfAbsent: only_if_absent }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(ttl_ms === undefined ? {} : { expiresAtMs: clock.nowMs() + ttl_ms }),
  });
  return putAnswer(result, checksum);
}

function checkLength(
  declared: string | undefined,
  headerBytes: number,
  chunks: readonly IncomingChunk[],
): void {
  const expected = chunks.reduce((sum, { lengthBytes }) => sum + lengthBytes, headerBytes);
  if (declared === undefined || Number(declared) === expected) return;
  throw inputError([
    { path: 'content-length', message: `the header announces ${expected} bytes, not ${declared}` },
  ]);
}
