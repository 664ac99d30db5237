import { type ArgumentsHost, Logger } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { KvError } from '../../../../common/errors/kv-error.js';
import { isHttpException } from '../../errors/is-http-exception.js';
import { type RouteTable } from '../server/route-table.js';
import { toHttpError } from './http-error.js';

/** Every error of a request becomes `{ error: { code, message, remedy?, details? } }`. */
export class HttpErrorAnswer {
  readonly #logger = new Logger('http');

  constructor(private readonly routes: RouteTable) {}

  answer(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, body } = toHttpError(
      isHttpException(error) && error.getStatus() === 404 ? this.#notFound(error, reply) : error,
    );
    if (status === 500) this.#logger.error(error);
    if (reply.raw.destroyed || reply.raw.headersSent) {
      reply.hijack();
      reply.raw.destroy();
      return;
    }
    if (status === 408) void reply.header('connection', 'close');
    void reply.code(status).type('application/json; charset=utf-8').send(body);
  }

  /** A path that exists, under another method, is 405 and not 404; 404 of a handler is its own. */
  #notFound(error: Error, reply: FastifyReply): Error {
    const { method, url } = reply.request;
    const allowed = this.routes.methodsOf(url);
    if (allowed.length === 0) return error;
    if (allowed.includes(method)) return new KvError('KV_NOT_FOUND', error.message, { kind: 'input' });
    void reply.header('allow', allowed.join(', '));
    return new KvError('KV_HTTP_METHOD', `no ${method} here`, {
      kind: 'input',
      remedy: `use ${allowed.join(', ')}`,
    });
  }
}
