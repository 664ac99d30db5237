import { type IncomingMessage } from 'node:http';
import { clientGone, tooLong, truncated } from './body-errors.js';
import { type BodySource } from './body-source.interface.js';
import { type ByteTarget, copyInto } from './byte-target.js';

interface PendingReceive {
  bytes: number;
  readonly target: ByteTarget;
  readonly done: (error?: Error) => void;
}

/** A body as `node:http` gives it: for HTTP chunks, and wherever a connection cannot be read directly. */
export class StreamBody implements BodySource {
  readonly lengthBytes: number | undefined;
  readonly #request: IncomingMessage;
  #pending: PendingReceive | undefined;
  #leftover: Buffer | undefined;
  #state: 'idle' | 'flowing' | 'ended' | 'gone' | 'discarded';

  constructor(request: IncomingMessage) {
    this.#request = request;
    const declared = request.headers['content-length'];
    this.lengthBytes = declared === undefined ? undefined : Number(declared);
    this.#state = request.destroyed && !request.complete ? 'gone' : 'idle';
    request.on('close', this.#onClose);
  }

  receive(bytes: number, target: ByteTarget, done: (error?: Error) => void): void {
    const pending = { bytes, target, done };
    this.#pending = pending;
    const leftover = this.#leftover;
    this.#leftover = undefined;
    if (leftover !== undefined) this.#onData(leftover);
    if (pending.bytes > 0) this.#flow();
  }

  end(done: (error?: Error) => void): void {
    if (this.#leftover !== undefined) done(tooLong());
    else if (this.#request.complete && this.#request.readableLength === 0) done();
    else {
      const probe = Buffer.alloc(1);
      this.receive(1, { target: () => probe, advance: () => undefined }, (error) => {
        if (this.#state === 'ended') done();
        else done(error ?? tooLong());
      });
    }
  }

  discard(): void {
    this.#pending = undefined;
    this.#leftover = undefined;
    if (this.#state === 'discarded') return;
    this.#state = 'discarded';
    this.#request.off('close', this.#onClose).off('data', this.#onData).off('end', this.#onEnd);
    this.#request.resume();
  }

  #flow(): void {
    if (this.#state === 'gone') this.#settle(clientGone());
    else if (this.#state === 'ended') this.#settle(truncated());
    else if (this.#state === 'flowing') this.#request.resume();
    else {
      this.#state = 'flowing';
      this.#request.on('end', this.#onEnd).on('data', this.#onData);
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    const pending = this.#pending;
    if (pending === undefined) {
      this.#leftover = chunk;
      this.#request.pause();
      return;
    }
    const wanted = Math.min(pending.bytes, chunk.length);
    try {
      copyInto(pending.target, wanted === chunk.length ? chunk : chunk.subarray(0, wanted));
    } catch (error) {
      this.#settle(error as Error);
      return;
    }
    pending.bytes -= wanted;
    if (pending.bytes > 0) return;
    if (wanted < chunk.length) this.#leftover = chunk.subarray(wanted);
    this.#request.pause();
    this.#settle();
  };

  readonly #onEnd = (): void => {
    this.#state = 'ended';
    this.#settle(truncated());
  };

  readonly #onClose = (): void => {
    if (this.#state === 'ended' || this.#request.complete) return;
    this.#state = 'gone';
    this.#settle(clientGone());
  };

  #settle(error?: Error): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.done(error);
  }
}
