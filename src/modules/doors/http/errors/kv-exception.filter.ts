import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { toHttpError } from './http-error.js';

/** Every error of a request becomes `{ error: { code, message, remedy?, details? } }`. */
@Catch()
export class KvExceptionFilter implements ExceptionFilter {
  readonly #logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, body } = toHttpError(error);
    if (status === 500) this.#logger.error(error);
    if (reply.raw.destroyed || reply.raw.headersSent) {
      reply.hijack();
      reply.raw.destroy();
      return;
    }
    if (status === 408) void reply.header('connection', 'close');
    void reply.code(status).type('application/json; charset=utf-8').send(body);
  }
}
