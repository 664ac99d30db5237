import { isKvError, KvError } from '../common/errors/kv-error.js';

/** The same error, with the name of the tier that it is about in front, unless it says that already. */
export function aboutTier(tier: string, error: unknown): unknown {
  const name = `tier "${tier}"`;
  if (!isKvError(error) || error.message.includes(name)) return error;
  const { code, kind, remedy, retryable, cause, details, message } = error;
  return new KvError(code, `the ${name}: ${message}`, {
    kind,
    retryable,
    cause: cause ?? error,
    ...(remedy !== undefined && { remedy }),
    ...(details !== undefined && { details }),
  });
}

/** Runs this, and names the tier in what it throws. */
export function namingTier<T>(tier: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw aboutTier(tier, error);
  }
}
