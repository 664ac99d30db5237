/** Who can mend it: the caller by changing the request, the operator, or nobody but the authors. */
export type KvErrorKind = 'input' | 'unavailable' | 'config' | 'internal';

export interface KvErrorOptions {
  readonly kind: KvErrorKind;
  /** One sentence: what the caller can do. */
  readonly remedy?: string;
  /** True when the same call may succeed later without a change. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
  /** Plain data for logs and for the body of an HTTP answer. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Every error that leaves kvnest. Recognise it by `code` (`KV_<AREA>_<WHAT>`), never by class: an extension may
 * carry its own copy of this package.
 */
export class KvError extends Error {
  readonly kind: KvErrorKind;
  readonly remedy: string | undefined;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    readonly code: `KV_${string}`,
    message: string,
    options: KvErrorOptions,
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KvError';
    this.kind = options.kind;
    this.remedy = options.remedy;
    this.retryable = options.retryable ?? false;
    this.details = options.details;
  }
}

/** @returns whether `error` is a KvError of any copy of this package, optionally with this code. */
export function isKvError(error: unknown, code?: string): error is KvError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return code === undefined ? error.code.startsWith('KV_') : error.code === code;
}
