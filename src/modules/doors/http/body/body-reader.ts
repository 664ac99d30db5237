import { type IncomingMessage, type ServerResponse } from 'node:http';
import { stalled } from './body-errors.js';
import { type BodySource } from './body-source.interface.js';
import { type ByteTarget, Discard, FillBuffer } from './byte-target.js';
import { askForBody } from './continue.js';
import { directBodyOf } from './direct-connection.js';
import { StreamBody } from './stream-body.js';

/**
 * Reads the body of one request in sections of known length, and holds the connection back in between. One call at a
 * time. Dispose it before the request is answered: what is unread then is thrown away.
 */
export class BodyReader implements Disposable {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stallTimeoutMs: number;
  readonly #source: BodySource;
  #fail: ((error: Error) => void) | undefined;

  /** @param stallTimeoutMs a read during which no byte arrives for this long fails. */
  constructor(request: IncomingMessage, response: ServerResponse, stallTimeoutMs: number) {
    this.#request = request;
    this.#response = response;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#source = directBodyOf(request) ?? new StreamBody(request);
    response.on('timeout', this.#onTimeout);
  }

  /**
   * Puts the next `bytes` bytes into `target`.
   *
   * @throws KV_HTTP_CLIENT_GONE, KV_HTTP_BODY_TIMEOUT, KV_INPUT_BODY_TRUNCATED
   */
  async read(bytes: number, target: ByteTarget): Promise<void> {
    if (bytes > 0) await this.#run((done) => this.#source.receive(bytes, target, done));
  }

  /** The next `bytes` bytes; not for bodies of chunks. */
  async readBuffer(bytes: number): Promise<Buffer> {
    const target = new FillBuffer(Buffer.allocUnsafe(bytes));
    await this.read(bytes, target);
    return target.buffer;
  }

  /** Throws the next `bytes` bytes away. */
  skip(bytes: number): Promise<void> {
    return this.read(bytes, new Discard());
  }

  /** @throws KV_INPUT_BODY_TOO_LONG when anything follows what was read. */
  readEnd(): Promise<void> {
    return this.#run((done) => this.#source.end(done));
  }

  [Symbol.dispose](): void {
    this.#response.off('timeout', this.#onTimeout);
    this.#source.discard();
  }

  #run(start: (done: (error?: Error) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const { socket } = this.#request;
      const settle = (error?: Error): void => {
        this.#fail = undefined;
        socket.setTimeout(0);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#fail = settle;
      socket.setTimeout(this.#stallTimeoutMs);
      askForBody(this.#request, this.#response);
      start(settle);
    });
  }

  readonly #onTimeout = (): void => {
    const fail = this.#fail;
    if (fail === undefined) return;
    this.#source.discard();
    fail(stalled(this.#stallTimeoutMs));
  };
}
