import { type RespConnection } from './resp-connection.js';

/** One connection for many callers, opened when it is asked for and anew when it cannot be trusted any more. */
export class SharedConnection {
  #connection: RespConnection | undefined;
  #opening: Promise<RespConnection> | undefined;

  constructor(private readonly open: () => Promise<RespConnection>) {}

  /** The connection, if there is one. */
  get current(): RespConnection | undefined {
    return this.#connection?.isTrusted === true ? this.#connection : undefined;
  }

  /** Concurrent calls are one. */
  get(): Promise<RespConnection> {
    const { current } = this;
    if (current !== undefined) return Promise.resolve(current);
    this.#opening ??= this.open()
      .then((connection) => (this.#connection = connection))
      .finally(() => (this.#opening = undefined));
    return this.#opening;
  }
}
