import { type IncomingMessage, type ServerResponse } from 'node:http';
import { KvError } from '../../../../common/errors/kv-error.js';
import { askForBody } from './continue.js';

export type ByteSink = (bytes: Buffer) => void;

interface PendingRead {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Pulls a request's body in sections of known length, each into its own sink, and holds the socket back in between.
 * One read at a time. Dispose it when the request is answered: what is unread then is discarded.
 */
export class BodyReader implements Disposable {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stallTimeoutMs: number;
  #remaining = 0;
  #sink: ByteSink = ignore;
  #pending: PendingRead | undefined;
  #leftover: Buffer | undefined;
  #failure: unknown;
  #ended = false;
  #listening = false;

  /** @param stallTimeoutMs a read during which no byte arrives for this long fails. */
  constructor(request: IncomingMessage, response: ServerResponse, stallTimeoutMs: number) {
    this.#request = request;
    this.#response = response;
    this.#stallTimeoutMs = stallTimeoutMs;
    request.on('close', this.#onClose);
    request.on('timeout', this.#onTimeout);
    if (request.destroyed) this.#failure = clientGone();
  }

  /**
   * Feeds the next `length` bytes to `sink`, in pieces that are valid only during the call.
   *
   * @throws KV_HTTP_CLIENT_GONE, KV_HTTP_BODY_TIMEOUT, KV_INPUT_BODY_TRUNCATED
   */
  async read(length: number, sink: ByteSink): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (length === 0) return;
    this.#remaining = length;
    this.#sink = sink;
    const leftover = this.#leftover;
    this.#leftover = undefined;
    if (leftover !== undefined) this.#feed(leftover);
    if (this.#remaining > 0) await this.#receive();
  }

  /** Discards the next `length` bytes. */
  skip(length: number): Promise<void> {
    return this.read(length, ignore);
  }

  /** @throws KV_INPUT_BODY_TOO_LONG when anything follows what was read. */
  async readEnd(): Promise<void> {
    if (this.#leftover === undefined && this.#request.complete && this.#request.readableLength === 0) return;
    try {
      await this.read(1, ignore);
    } catch (error) {
      if (this.#ended) return;
      throw error;
    }
    throw new KvError('KV_INPUT_BODY_TOO_LONG', 'the body goes on after its declared length', {
      kind: 'input',
    });
  }

  [Symbol.dispose](): void {
    this.#request.off('close', this.#onClose);
    this.#request.off('timeout', this.#onTimeout);
    this.#request.off('data', this.#onData);
    this.#request.off('end', this.#onEnd);
    this.#request.resume();
  }

  #receive(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(truncated());
        return;
      }
      this.#pending = { resolve, reject };
      this.#request.socket.setTimeout(this.#stallTimeoutMs);
      askForBody(this.#request, this.#response);
      if (this.#listening) {
        this.#request.resume();
        return;
      }
      this.#listening = true;
      this.#request.on('end', this.#onEnd);
      this.#request.on('data', this.#onData);
    });
  }

  readonly #onData = (bytes: Buffer): void => {
    try {
      this.#feed(bytes);
    } catch (error) {
      this.#fail(error);
    }
  };

  #feed(bytes: Buffer): void {
    const wanted = this.#remaining;
    if (bytes.length < wanted) {
      this.#sink(bytes);
      this.#remaining = wanted - bytes.length;
      return;
    }
    this.#sink(wanted === bytes.length ? bytes : bytes.subarray(0, wanted));
    this.#remaining = 0;
    if (wanted < bytes.length) this.#leftover = bytes.subarray(wanted);
    this.#request.pause();
    this.#settle(undefined);
  }

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#settle(truncated());
  };

  readonly #onClose = (): void => {
    if (this.#ended || this.#request.complete) return;
    this.#fail(clientGone());
  };

  readonly #onTimeout = (): void => {
    this.#fail(
      new KvError('KV_HTTP_BODY_TIMEOUT', 'no byte of the body came for too long', {
        kind: 'input',
        retryable: true,
        details: { bodyTimeoutMs: this.#stallTimeoutMs, missingBytes: this.#remaining },
      }),
    );
  };

  #fail(error: unknown): void {
    this.#failure = error;
    this.#request.pause();
    this.#settle(error);
  }

  #settle(error: unknown): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#request.socket.setTimeout(0);
    if (error === undefined) pending.resolve();
    else pending.reject(error);
  }
}

function ignore(): void {
  // Bytes nobody asked for.
}

function clientGone(): KvError {
  return new KvError('KV_HTTP_CLIENT_GONE', 'the client closed the connection before its body was complete', {
    kind: 'input',
  });
}

function truncated(): KvError {
  return new KvError('KV_INPUT_BODY_TRUNCATED', 'the body ends before its declared length', {
    kind: 'input',
  });
}
