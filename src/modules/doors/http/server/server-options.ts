import { type Socket } from 'node:net';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import { type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify';
import { KvError } from '../../../../common/errors/kv-error.js';
import { type DoorLimits } from '../../../../config/kvnest-config.interface.js';
import { MAX_FRAME_HEADER_BYTES } from '../../../../protocols/kvnest-frames/frame.js';
import { MAX_KEY_BYTES } from '../../../../protocols/chunk-key/chunk-key.js';
import { toHttpError } from '../errors/http-error.js';

/** Longest JSON body, in bytes. */
export const MAX_JSON_BYTES = MAX_FRAME_HEADER_BYTES;

/** A key in which every byte is percent-encoded. */
const MAX_ENCODED_KEY = 3 * MAX_KEY_BYTES;

/** Settings of Fastify and of the `node:http` server under it. */
export function serverOptions(limits: DoorLimits): FastifyServerOptions {
  return {
    bodyLimit: MAX_JSON_BYTES,
    routerOptions: { maxParamLength: MAX_ENCODED_KEY },
    exposeHeadRoutes: false,
    forceCloseConnections: false,
    // While the server drains it still answers from the cache; puts are refused by the engine.
    return503OnClosing: false,
    clientErrorHandler: answerMalformed,
    frameworkErrors: answerUnroutable,
    http: {
      maxHeaderSize: 2 * MAX_ENCODED_KEY,
      highWaterMark: 1 << 20,
      requestTimeout: 0,
      headersTimeout: limits.bodyTimeoutMs,
      connectionsCheckingInterval: Math.min(5000, limits.bodyTimeoutMs),
    },
  } as FastifyServerOptions;
}

/** The router's own errors, for which no route and no filter is responsible. */
function answerUnroutable(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
  const { status, body } = toHttpError(error);
  void reply.code(status).send(body);
}

const MALFORMED: Readonly<Record<string, KvError>> = {
  HPE_HEADER_OVERFLOW: new KvError('KV_HTTP_HEADERS_TOO_LARGE', 'the URL and headers are too long', {
    kind: 'input',
    remedy: `keep them under ${2 * MAX_ENCODED_KEY} bytes`,
  }),
  ERR_HTTP_REQUEST_TIMEOUT: new KvError('KV_HTTP_HEADERS_TIMEOUT', 'the request did not arrive in time', {
    kind: 'input',
  }),
};

/**
 * What node could not parse never becomes a request: the answer goes to the bare socket, behind the replies to the
 * requests in front of it.
 */
function answerMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  const reply = (socket as Socket & { readonly _httpMessage?: ServerResponse | null })._httpMessage;
  if (error.code !== 'ECONNRESET' && socket.writable && reply?.req.complete === true) {
    socket.pause();
    reply.once('close', () => answerMalformed(error, socket));
    return;
  }
  if (error.code === 'ECONNRESET' || !socket.writable || reply?.headersSent === true) {
    socket.destroy();
    return;
  }
  const { status, body } = toHttpError(
    MALFORMED[error.code ?? ''] ??
      new KvError('KV_HTTP_MALFORMED', 'this is not an HTTP request', {
        kind: 'input',
        details: { parser: error.code },
      }),
  );
  const json = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(json)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${json}`, () => socket.destroy());
}
