import { isKvError, KvError, type KvErrorKind } from '../../../../common/errors/kv-error.js';
import { isHttpException } from '../../errors/is-http-exception.js';

/** Body of every answer that is an error. */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly remedy?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

export interface HttpError {
  readonly status: number;
  readonly body: ErrorBody;
}

const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  ['KV_AUTH_REQUIRED', 401],
  ['KV_AUTH_WRONG', 401],
  ['KV_NOT_FOUND', 404],
  ['KV_HTTP_NO_ROUTE', 404],
  ['KV_PLUGIN_UNKNOWN', 404],
  ['KV_JOB_UNKNOWN', 404],
  ['KV_HTTP_METHOD', 405],
  ['KV_HTTP_BODY_TIMEOUT', 408],
  ['KV_HTTP_HEADERS_TIMEOUT', 408],
  ['KV_HTTP_LENGTH_REQUIRED', 411],
  ['KV_INPUT_TOO_LARGE', 413],
  ['KV_HTTP_URL_TOO_LONG', 414],
  ['KV_HTTP_CONTENT_TYPE', 415],
  ['KV_HTTP_RANGE', 416],
  ['KV_HTTP_HEADERS_TOO_LARGE', 431],
]);

const STATUS_BY_KIND: Readonly<Record<KvErrorKind, number>> = {
  input: 400,
  unavailable: 503,
  config: 500,
  internal: 500,
};

/** What an error of the framework, which knows only its status, is called here. */
const CODE_BY_STATUS: Readonly<Record<number, { code: `KV_${string}`; remedy?: string }>> = {
  400: { code: 'KV_HTTP_BAD_REQUEST' },
  404: { code: 'KV_HTTP_NO_ROUTE', remedy: "see /docs; a '/' inside a key is written %2F" },
  413: { code: 'KV_INPUT_TOO_LARGE' },
  414: { code: 'KV_HTTP_URL_TOO_LONG', remedy: 'a key has at most 4096 bytes' },
  415: { code: 'KV_HTTP_CONTENT_TYPE', remedy: 'send application/json' },
};

const BAD_URL = new KvError('KV_INPUT_KEY_ENCODING', 'the path is not valid percent-encoded UTF-8', {
  kind: 'input',
  remedy: 'percent-encode the UTF-8 bytes of the key, as encodeURIComponent does',
});

const INTERNAL: HttpError = {
  status: 500,
  body: { error: { code: 'KV_INTERNAL', message: 'internal error; the log of the server says more' } },
};

/** @returns the answer for an error, whoever threw it. What the caller must not see stays out of it. */
export function toHttpError(error: unknown): HttpError {
  if (isKvError(error)) return fromKvError(error);
  if (isFastifyError(error)) return fromStatus(error.statusCode, error.message, error);
  if (isHttpException(error)) return fromStatus(error.getStatus(), error.message, error.cause);
  return INTERNAL;
}

function fromKvError(error: KvError): HttpError {
  return {
    status: STATUS_BY_CODE.get(error.code) ?? STATUS_BY_KIND[error.kind],
    body: {
      error: {
        code: error.code,
        message: error.message,
        ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
        ...(error.details === undefined ? {} : { details: error.details }),
      },
    },
  };
}

function fromStatus(status: number, message: string, cause: unknown): HttpError {
  if (isCode(cause, 'FST_ERR_BAD_URL')) return fromKvError(BAD_URL);
  const named = CODE_BY_STATUS[status];
  if (named === undefined) return status < 500 ? plain(status, 'KV_HTTP_BAD_REQUEST', message) : INTERNAL;
  return plain(status, named.code, message, named.remedy);
}

function plain(status: number, code: string, message: string, remedy?: string): HttpError {
  return { status, body: { error: { code, message, ...(remedy === undefined ? {} : { remedy }) } } };
}

function isFastifyError(error: unknown): error is Error & { readonly statusCode: number } {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number';
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
