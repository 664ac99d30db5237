/** Aborts some time after a caller gave up, and never where there is none. */
export class Patience {
  readonly #abort = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #patienceMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => {
    this.#timer = setTimeout(() => this.#abort.abort(), this.#patienceMs);
  };

  constructor(caller: AbortSignal | undefined, patienceMs: number) {
    this.#caller = caller;
    this.#patienceMs = patienceMs;
    caller?.addEventListener('abort', this.#onAbort);
    if (caller?.aborted === true) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#onAbort);
  }
}
