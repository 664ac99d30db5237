import { type FastifyInstance, type FastifyRequest } from 'fastify';
import { KvError } from '../../../../common/errors/kv-error.js';
import { FRAMES_CONTENT_TYPE } from '../../../../protocols/kvnest-frames/frame.js';

export const BYTES_CONTENT_TYPE = 'application/octet-stream';

/** Route configuration of handlers that read the body themselves: the content type they take. */
export interface StreamRouteConfig {
  readonly streams: string;
}

/** Bodies of these routes are passed on as they arrive. */
export function registerStreamParsers(instance: FastifyInstance): void {
  instance.addContentTypeParser([BYTES_CONTENT_TYPE, FRAMES_CONTENT_TYPE, '*'], (_request, payload, done) => {
    done(null, payload);
  });
}

/**
 * Compares the body's content type with what the route takes, before a byte of it is read.
 *
 * @returns KV_HTTP_CONTENT_TYPE, or undefined.
 */
export function contentTypeError(request: FastifyRequest): KvError | undefined {
  const wanted = streamTypeOf(request);
  const given = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (given === undefined && (wanted !== undefined || !hasBody(request))) return undefined;
  const expected = wanted ?? 'application/json';
  if (given === expected) return undefined;
  return new KvError('KV_HTTP_CONTENT_TYPE', `this route does not take ${given ?? 'a body without a type'}`, {
    kind: 'input',
    remedy: `send Content-Type: ${expected}`,
  });
}

/** Whether the handler of this request reads the body itself. */
export function streamTypeOf(request: FastifyRequest): string | undefined {
  return (request.routeOptions.config as Partial<StreamRouteConfig>).streams;
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
