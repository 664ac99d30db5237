import { remoteClosed } from './connector-errors.js';
import { type CallOptions } from './remote-connector.interface.js';

export interface ConnectorResources {
  /** What errors call the store. */
  readonly label: string;
  /** Reaches the store. */
  open(options?: CallOptions): Promise<void>;
  /** Gives back what `open` took. Called when nothing runs any more. */
  shut(): Promise<void>;
}

/** What `connect` and `close` promise in every connector: once, idempotent, repeatable, and nothing runs in between. */
export class ConnectorLifecycle {
  readonly #resources: ConnectorResources;
  readonly #running = new Set<Promise<unknown>>();
  #connected: Promise<void> | undefined;
  #closed: Promise<void> = Promise.resolve();

  constructor(resources: ConnectorResources) {
    this.#resources = resources;
  }

  connect(options?: CallOptions): Promise<void> {
    if (this.#connected !== undefined) return this.#connected;
    const connected = this.#closed.then(() => this.#resources.open(options));
    this.#connected = connected;
    connected.catch(() => {
      if (this.#connected === connected) this.#connected = undefined;
    });
    return connected;
  }

  close(): Promise<void> {
    const connected = this.#connected;
    if (connected === undefined) return this.#closed;
    this.#connected = undefined;
    const closing = Promise.allSettled([connected, ...this.#running]).then(() => this.#resources.shut());
    this.#closed = closing.catch(() => undefined);
    return closing;
  }

  /** Runs a call, which `close` waits for. @throws KV_REMOTE_CLOSED */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#connected === undefined) throw remoteClosed(this.#resources.label);
    const running = call();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}
