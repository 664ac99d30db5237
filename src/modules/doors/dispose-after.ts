import { type Awaitable } from '../../common/awaitable.js';

/** Runs, and disposes the resource when the result is there or the run has failed. */
export function disposeAfter<T>(resource: Disposable, run: () => Awaitable<T>): Awaitable<T> {
  let result: Awaitable<T> | undefined;
  try {
    result = run();
  } finally {
    if (!(result instanceof Promise)) resource[Symbol.dispose]();
  }
  return result instanceof Promise ? result.finally(() => resource[Symbol.dispose]()) : result;
}
