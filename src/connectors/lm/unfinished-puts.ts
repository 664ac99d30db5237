import { remoteAborted } from '../connector-errors.js';

/**
 * Puts that go on to their end after their caller gave up. LMCache's server keeps the key of a put that was cut off,
 * without bytes, and hangs up on whoever reads it; its own clients never connect again. So a put that has begun is cut
 * off only when the server does not take it at all.
 */
export class UnfinishedPuts {
  readonly #running = new Set<Promise<unknown>>();

  /** @param patienceMs how long a put goes on when nobody waits for it any more. */
  constructor(private readonly patienceMs: number) {}

  /**
   * @param put gets a signal that aborts some time after the caller's. @returns what `put` does, or a rejection as soon
   * as `signal` aborts.
   */
  async run<T>(
    label: string,
    signal: AbortSignal | undefined,
    put: (late: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const late = new AbortController();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => late.abort(), this.patienceMs);
      reject(remoteAborted(label));
    };
    signal?.addEventListener('abort', onAbort);
    const running = put(late.signal).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#running.delete(running);
    });
    this.#running.add(running);
    running.catch(() => undefined);
    return Promise.race([running, aborted]);
  }

  /** Settles when none is left. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
