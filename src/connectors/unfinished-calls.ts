import { remoteAborted } from './connector-errors.js';
import { untilAborted } from './until-aborted.js';

/** Calls that go on to their end after their callers gave up. */
export class UnfinishedCalls {
  readonly #running = new Set<Promise<unknown>>();

  /** @param label what errors call the store. */
  constructor(private readonly label: string) {}

  /**
   * @returns what `call` does, or a rejection as soon as `signal` aborts; then `giveBack` gets what `call` still brings.
   */
  run<T>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
    giveBack: (late: T) => void = () => undefined,
  ): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(remoteAborted(this.label));
    const running = call();
    this.#running.add(running);
    const forget = (): void => void this.#running.delete(running);
    running.then(forget, forget);
    return untilAborted(this.label, signal, running, giveBack);
  }

  /** Settles when none is left, or after so many milliseconds, if there is such a bound. */
  async settled(withinMs?: number): Promise<void> {
    if (withinMs === undefined) {
      await Promise.allSettled(this.#running);
      return;
    }
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => resolve(undefined), withinMs);
    await Promise.race([Promise.allSettled(this.#running), late]);
    clearTimeout(timer);
  }
}
