import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { type Observable, tap } from 'rxjs';

/**
 * Connections are kept for a next request. One whose request is in flight when the application is told to end is closed
 * with its answer: it would hold up the end until its client leaves.
 */
@Injectable()
export class LastAnswersInterceptor implements NestInterceptor, OnModuleDestroy {
  #isEnding = false;

  onModuleDestroy(): void {
    this.#isEnding = true;
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    const closeAtEnd = (): void => {
      if (this.#isEnding) void reply.header('connection', 'close');
    };
    return next.handle().pipe(tap({ next: closeAtEnd, error: closeAtEnd }));
  }
}
