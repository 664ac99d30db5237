import { isKvError } from '../../../common/errors/kv-error.js';

export interface FirstSuccessOptions {
  /** How long one attempt goes on alone before the next one begins beside it. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tries one candidate after the other, the next one when the last has failed or taken long. The first success counts,
 * and whoever still tries then is told to stop.
 *
 * @throws what tells most when all have failed: a refusal, or else the first error.
 */
export async function firstSuccess<C, T>(
  candidates: readonly [C, ...C[]],
  attempt: (candidate: C, signal: AbortSignal) => Promise<T>,
  { patienceMs, signal }: FirstSuccessOptions,
): Promise<T> {
  const done = new AbortController();
  const stop = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  const errors: unknown[] = [];
  const waiting = [...candidates];
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const fail = (error: unknown): void => {
        errors.push(error);
        if (errors.length === candidates.length || stop.aborted) reject(mostTelling(errors));
        else next();
      };
      const next = (): void => {
        clearTimeout(timer);
        const candidate = waiting.shift();
        if (candidate === undefined) return;
        timer = setTimeout(next, patienceMs);
        attempt(candidate, stop).then(resolve, fail);
      };
      next();
    });
  } finally {
    clearTimeout(timer);
    done.abort();
  }
}

function mostTelling(errors: readonly unknown[]): Error {
  return (errors.find((error) => isKvError(error, 'KV_REMOTE_REFUSED')) ?? errors[0]) as Error;
}
