export interface EngineQueueOptions {
  /** How many requests run at a time. */
  readonly slots: number;
  /** Of the requests that wait, the first so many are announced. */
  readonly announced: number;
  /** Runs a request to its end. */
  readonly run: (request: number) => Promise<void>;
  /** A request that waits has come so far to the front; called once for each. */
  readonly announce: (request: number) => void;
}

/**
 * The requests of an engine, numbered in the order of their arrival: one that finds no slot waits for it. Nothing is known of a
 * request before it has arrived, and one that needs not wait is not announced.
 */
export class EngineQueue {
  hasFailed = false;
  #arrived = 0;
  #begun = 0;
  #announced = 0;
  #running = 0;
  #isClosed = false;
  readonly #end = Promise.withResolvers<undefined>();

  constructor(private readonly options: EngineQueueOptions) {
    // Whoever closes the queue is told.
    this.#end.promise.catch(() => undefined);
  }

  /** The next request arrives. */
  arrive(): void {
    this.#arrived++;
    this.#pump();
  }

  /** No further request will arrive. Resolves when all have ended; rejects with the error of the first that failed. */
  close(): Promise<undefined> {
    this.#isClosed = true;
    this.#pump();
    return this.#end.promise;
  }

  #pump(): void {
    if (this.hasFailed) return;
    const { slots, announced, announce } = this.options;
    while (this.#begun < this.#arrived && this.#running < slots) this.#begin(this.#begun++);
    const end = Math.min(this.#arrived, this.#begun + announced);
    this.#announced = Math.max(this.#announced, this.#begun);
    while (this.#announced < end) announce(this.#announced++);
    if (this.#isClosed && this.#running === 0) this.#end.resolve(undefined);
  }

  #begin(request: number): void {
    this.#running++;
    this.options.run(request).then(
      () => {
        this.#running--;
        this.#pump();
      },
      (error: unknown) => {
        this.hasFailed = true;
        this.#end.reject(error);
      },
    );
  }
}
