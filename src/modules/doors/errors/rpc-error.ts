import { isKvError, type KvError } from '../../../common/errors/kv-error.js';
import { isHttpException } from './is-http-exception.js';

/** What a message is answered that failed: plain data, which travels as it is. */
export interface RpcError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly retryable?: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

const INTERNAL: RpcError = {
  code: 'KV_INTERNAL',
  message: 'internal error; the log of the server says more',
};

/**
 * @returns the answer for an error, whoever threw it. What the caller must not see stays out of it; an object that a handler
 * put into an `RpcException` is the answer.
 */
export function toRpcError(error: unknown): RpcError | object {
  if (isKvError(error)) return fromKvError(error);
  if (isRpcException(error)) return fromRpcException(error);
  if (isHttpException(error) && error.getStatus() < 500) {
    return {
      ...refused(error.message),
      details: { status: error.getStatus(), response: error.getResponse() },
    };
  }
  return INTERNAL;
}

export function fromKvError({ code, message, remedy, retryable, details }: KvError): RpcError {
  return {
    code,
    message,
    ...(remedy === undefined ? {} : { remedy }),
    ...(retryable ? { retryable } : {}),
    ...(details === undefined ? {} : { details }),
  };
}

function fromRpcException(exception: Error & { getError(): unknown }): object {
  const error = exception.getError();
  return typeof error === 'object' && error !== null ? error : refused(exception.message);
}

function refused(message: string): RpcError {
  return { code: 'KV_NEST_REFUSED', message };
}

/** Of any copy of Nest, as modules of users may bring their own. */
function isRpcException(error: unknown): error is Error & { getError(): unknown } {
  return error instanceof Error && 'getError' in error && typeof error.getError === 'function';
}
