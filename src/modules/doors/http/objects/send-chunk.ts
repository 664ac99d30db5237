import { type OutgoingHttpHeaders } from 'node:http';
import { type FastifyReply } from 'fastify';
import { type ArenaHandle } from '../../../../arena/arena.interface.js';
import { lossJson } from '../../../../codecs/loss.js';
import { checksumToHex } from '../../control/input/encodings.js';
import { whenReplied } from '../server/reply-stream.js';
import { byteRangeOf, sliceViews } from './byte-range.js';
import { CHECKSUM_HEADER, LOSS_HEADER, METADATA_HEADER } from './object-headers.js';

const EMPTY = Buffer.alloc(0);

/** Headers that describe a chunk. */
export function describeChunk(reply: FastifyReply, handle: ArenaHandle): void {
  void reply.headers({
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    [CHECKSUM_HEADER]: checksumToHex(handle.checksum),
  });
  const { metadata, form } = handle;
  const loss = lossJson(form);
  if (loss !== undefined) void reply.header(LOSS_HEADER, `${loss.codec}; max_error=${loss.max_error}`);
  if (metadata.length > 0) void reply.header(METADATA_HEADER, metadata.toString('base64'));
}

/**
 * Sends the bytes of a chunk out of the arena, without copies, and disposes the handle when they are gone.
 *
 * @param stallTimeoutMs a reader that takes nothing for this long is cut off.
 */
export function sendChunk(reply: FastifyReply, handle: ArenaHandle, stallTimeoutMs: number): void {
  whenReplied(reply, () => handle[Symbol.dispose]());
  const range = byteRangeOf(reply.request.headers.range, handle.lengthBytes);
  const views = range === undefined ? handle.views : sliceViews(handle.views, range);
  const length = range === undefined ? handle.lengthBytes : range.end + 1 - range.start;
  describeChunk(reply, handle);
  void reply.header('content-length', length);
  if (range !== undefined) {
    void reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${handle.lengthBytes}`);
  }
  reply.request.raw.socket.setTimeout(stallTimeoutMs);
  if (views.length > 1) sendViews(reply, views);
  else void reply.send(views[0] ?? EMPTY);
}

function sendViews(reply: FastifyReply, views: readonly Buffer[]): void {
  const { raw } = reply;
  reply.hijack();
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  raw.cork();
  for (const view of views) raw.write(view);
  raw.end();
}
