/** Waits that can be cut short. */
export class Pauses {
  readonly #ends = new Set<() => void>();

  /**
   * Waits, for ever with `Infinity`, until `signal` aborts, or until all are ended.
   * @returns whether time went by as told.
   */
  wait(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted === true) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (whole: boolean): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cut);
        this.#ends.delete(cut);
        resolve(whole);
      };
      const cut = (): void => end(false);
      const timer = ms === Infinity ? undefined : setTimeout(end, ms, true);
      signal?.addEventListener('abort', cut);
      this.#ends.add(cut);
    });
  }

  endAll(): void {
    for (const end of this.#ends) end();
  }
}
