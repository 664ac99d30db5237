import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { type ErrorAnswers } from './error-answers.js';

/** The filter of every handler, behind those of users: each error becomes what clients of the door understand. */
@Catch()
export class KvExceptionFilter implements ExceptionFilter {
  constructor(private readonly answers: ErrorAnswers) {}

  catch(error: unknown, host: ArgumentsHost): unknown {
    return this.answers.answer(error, host);
  }
}
