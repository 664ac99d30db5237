import { type HttpException } from '@nestjs/common';

/** Of any copy of Nest: controllers of users may bring their own. */
export function isHttpException(error: unknown): error is HttpException {
  return error instanceof Error && 'getStatus' in error && typeof error.getStatus === 'function';
}
