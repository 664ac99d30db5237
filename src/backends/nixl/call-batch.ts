interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (answer: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls for one thing each that come in the same turn become one call for all of them. */
export class CallBatch<T, R> {
  #waiting: Waiting<T, R>[] = [];

  /** @param run gives the answers in the order of the items. */
  constructor(private readonly run: (items: readonly T[]) => Promise<readonly R[]>) {}

  call(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) queueMicrotask(() => void this.#flush());
      this.#waiting.push({ item, resolve, reject });
    });
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const answers = await this.run(waiting.map(({ item }) => item));
      for (const [index, { resolve }] of waiting.entries()) resolve(answers[index] as R);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
