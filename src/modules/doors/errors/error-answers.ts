import { type ArgumentsHost, Logger } from '@nestjs/common';
import { throwError } from 'rxjs';
import { toRpcError } from './rpc-error.js';

/** Makes of an error what the client gets. Of a message: an Observable that fails with the answer. */
export type ErrorAnswer = (error: unknown, host: ArgumentsHost) => unknown;

/** How errors of handlers are answered, for each kind of context that Nest calls them in. The HTTP door adds its own. */
export class ErrorAnswers {
  readonly #logger = new Logger('messages');
  readonly #byContext = new Map<string, ErrorAnswer>([['rpc', (error) => this.#answerMessage(error)]]);

  /** @param context as `host.getType()` names it. */
  set(context: string, answer: ErrorAnswer): void {
    this.#byContext.set(context, answer);
  }

  answer(error: unknown, host: ArgumentsHost): unknown {
    const answer = this.#byContext.get(host.getType());
    if (answer !== undefined) return answer(error, host);
    this.#logger.error(error);
    return undefined;
  }

  #answerMessage(error: unknown): unknown {
    const answer = toRpcError(error);
    if ('code' in answer && answer.code === 'KV_INTERNAL') this.#logger.error(error);
    return throwError(() => answer);
  }
}

export const ERROR_ANSWERS = Symbol.for('kvnest:ErrorAnswers');
