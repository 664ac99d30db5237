import { type OutgoingHttpHeaders } from 'node:http';
import { type FastifyReply } from 'fastify';
import { type ArenaHandle } from '../../../../arena/arena.interface.js';
import { encodeFrameHeader, FRAMES_CONTENT_TYPE } from '../../../../protocols/kvnest-frames/frame.js';
import {
  type ChunkFrameHeader,
  type EndFrameHeader,
  type ErrorFrameHeader,
} from '../../../../protocols/kvnest-frames/retrieve-frames.js';
import {
  type CacheEngine,
  type PrefixRequest,
  type RetrievedChunk,
} from '../../../engine/cache-engine.interface.js';
import { lossJson } from '../../../../codecs/loss.js';
import { toHttpError } from '../errors/http-error.js';
import { checksumToHex } from '../../control/input/encodings.js';
import { whenReplied } from '../server/reply-stream.js';
import { chunkJson } from '../../control/prefix/prefix-answers.js';

/**
 * Streams the chunks of a prefix as frames, out of the arena. A chunk is given back when its bytes are with the
 * kernel, which is what lets the engine read the next one: a slow reader slows the tiers, not the memory.
 *
 * @param stallTimeoutMs a reader that takes nothing for this long is cut off.
 */
export function retrievePrefix(
  engine: CacheEngine,
  request: PrefixRequest,
  reply: FastifyReply,
  stallTimeoutMs: number,
): void {
  const { raw } = reply;
  const unsent = new Set<ArenaHandle>();
  const end = { hit_tokens: 0, chunks: 0 };
  const chunks$ = engine.retrieve(request);
  reply.hijack();
  raw.writeHead(200, { ...(reply.getHeaders() as OutgoingHttpHeaders), 'content-type': FRAMES_CONTENT_TYPE });
  const { socket } = reply.request.raw;
  const subscription = chunks$.subscribe({
    next: (chunk) => {
      end.hit_tokens += chunk.tokens;
      end.chunks++;
      const { handle } = chunk;
      unsent.add(handle);
      socket.setTimeout(stallTimeoutMs);
      writeChunk(reply, chunk, () => {
        if (unsent.delete(handle)) handle[Symbol.dispose]();
        // Waiting for a slow tier is not the reader's fault.
        if (unsent.size === 0) socket.setTimeout(0);
      });
    },
    error: (error: unknown) => {
      const { code, message } = toHttpError(error).body.error;
      raw.end(encodeFrameHeader({ error: { code, message } } satisfies ErrorFrameHeader));
    },
    complete: () => raw.end(encodeFrameHeader({ end: true, ...end } satisfies EndFrameHeader)),
  });
  whenReplied(reply, () => {
    subscription.unsubscribe();
    for (const handle of unsent) handle[Symbol.dispose]();
    unsent.clear();
  });
}

function writeChunk({ raw }: FastifyReply, chunk: RetrievedChunk, sent: () => void): void {
  const { handle } = chunk;
  const loss = lossJson(handle.form);
  const header: ChunkFrameHeader = {
    ...chunkJson(chunk),
    length: handle.lengthBytes,
    checksum: checksumToHex(handle.checksum),
    metadata: handle.metadata.toString('base64'),
    ...(loss && { loss }),
  };
  const { views } = handle;
  raw.cork();
  const parts = [encodeFrameHeader(header), ...views.filter((view) => view.length > 0)];
  parts.forEach((part, index) => raw.write(part, index === parts.length - 1 ? sent : undefined));
  raw.uncork();
}
