import { remoteAborted } from './connector-errors.js';

/**
 * The outcome of `work`, or an error as soon as nobody waits for it: not everything that hangs can be called back.
 * `work` goes on; `giveBack` gets what it may still bring.
 *
 * @throws KV_REMOTE_ABORTED
 */
export function untilAborted<T>(
  store: string,
  signal: AbortSignal | undefined,
  work: Promise<T>,
  giveBack: (late: T) => void,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    let isAwaited = true;
    const onAbort = (): void => {
      isAwaited = false;
      reject(remoteAborted(store));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    work
      .then((outcome) => (isAwaited ? resolve(outcome) : giveBack(outcome)), reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
