import { type Socket } from 'node:net';
import { LM_CODES, type LmReply } from '../../protocols/lm/lm-message.js';
import { type LmReplyEvent, LmReplyParser } from '../../protocols/lm/lm-reply-parser.js';
import { type RemoteMetadata } from '../../protocols/remote-metadata/remote-metadata.js';
import { type PooledConnection } from '../connection-pool/connection-pool.js';
import { remoteAborted, remoteProtocol, remoteUnreachable } from '../connector-errors.js';
import { endSocket } from '../end-socket.js';
import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { openSocket } from '../open-socket.js';
import { sendRequest } from '../send-request.js';

export interface LmAddress {
  readonly host: string;
  readonly port: number;
  /** What errors call the store. */
  readonly label: string;
}

export interface LmCallOptions {
  /** When it aborts, the call rejects and the connection is gone. */
  readonly signal?: AbortSignal | undefined;
  /** Makes room for the body that comes next. Without it, a body is against the protocol. */
  readonly take?: ((metadata: RemoteMetadata) => ChunkIntake) | undefined;
  /**
   * What is sent changes something. When it was sent to its end and is taken back, the server may still do it: `closed`
   * tells when not.
   */
  readonly isPut?: boolean;
}

interface RunningCall {
  readonly take: LmCallOptions['take'];
  /** The socket is done with the request. It may say so after the answer has come. */
  isSent: boolean;
  settle(answer: LmReply | Error): void;
}

/** How much is read at once: few enough that the checksum of the bytes finds them in the processor's cache. */
const READ_BYTES = 256 * 1024;
/** Where headers are read. Each is taken out before the next read, so that all connections share it. */
const HEADER = Buffer.allocUnsafeSlow(64);

/**
 * A connection to a server of `lm://`, with one request on its way at a time. No more than the header of a reply is
 * read before it is known where the bytes behind it go: they are read there.
 */
export class LmConnection implements PooledConnection {
  receivedBytes = 0;
  /** Settles when the connection is gone, by whatever way: the server does nothing more of what was sent. */
  readonly closed: Promise<void>;
  /** Settles when the server has accepted it. */
  readonly connected: Promise<void>;
  readonly #label: string;
  readonly #socket: Socket;
  readonly #parser = new LmReplyParser();
  #target: Buffer = HEADER;
  #call: RunningCall | undefined;
  /** The reply to the call, whose body may still be on its way to `#intake`. */
  #reply: LmReply | undefined;
  #intake: ChunkIntake | undefined;
  #bodyBegan = false;
  #failure: Error | undefined;

  constructor({ host, port, label }: LmAddress) {
    this.#label = label;
    const { socket, connected, closed } = openSocket(
      { host, port },
      {
        nextTarget: () => this.#nextTarget(),
        onBytes: (bytes) => this.#onBytes(bytes),
        onEnd: (error) =>
          error === undefined ? this.#hungUp() : this.destroy(remoteUnreachable(label, error)),
        onClosed: () => this.#onClosed(),
      },
    );
    this.#socket = socket;
    this.connected = connected;
    this.closed = closed;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  get isReusable(): boolean {
    return this.isOpen;
  }

  /**
   * Sends these bytes, which must not change until the promise settles, and waits for one reply. Where the server hangs
   * up right behind the header of a chunk, it has the key and not the bytes: the header is the answer, and what `take`
   * made stays empty.
   *
   * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_PROTOCOL, KV_REMOTE_ABORTED, or what `destroy` was given.
   */
  call(
    request: readonly Uint8Array[],
    { signal, take, isPut = false }: LmCallOptions = {},
  ): Promise<LmReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (signal?.aborted === true) return Promise.reject(remoteAborted(this.#label));
    return new Promise((resolve, reject) => {
      const giveUp = (): void => this.#giveUp(call, isPut);
      signal?.addEventListener('abort', giveUp);
      const call: RunningCall = {
        take,
        isSent: false,
        settle: (answer) => {
          signal?.removeEventListener('abort', giveUp);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        },
      };
      this.#call = call;
      sendRequest(this.#socket, request, () => this.#onSent(call));
    });
  }

  /** Ends the connection at once: nothing is read or written any more. */
  destroy(reason: Error): void {
    this.#socket.destroy();
    this.#fail(reason);
  }

  #giveUp(call: RunningCall, isPut: boolean): void {
    this.#fail(remoteAborted(this.#label));
    if (!isPut) this.#socket.destroy();
    // By then the socket has said what it has sent. Of a request without its end nothing is left to do; else the server
    // closes when it has done it.
    else setImmediate(() => (call.isSent ? endSocket(this.#socket) : this.#socket.destroy()));
  }

  #fail(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#intake = undefined;
    this.#settle(reason);
  }

  #nextTarget(): Buffer {
    this.#target = this.#intake?.target(READ_BYTES) ?? HEADER.subarray(0, this.#parser.missingHeaderBytes);
    return this.#target;
  }

  #onBytes(bytes: number): void {
    this.receivedBytes += bytes;
    try {
      if (this.#intake === undefined) this.#parse(bytes);
      else this.#onBody(this.#intake, bytes);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #parse(bytes: number): void {
    if (this.#call === undefined || this.#reply !== undefined) {
      this.#violated('it answers what nobody asked');
      return;
    }
    const event = this.#parser.push(this.#target, 0, bytes);
    if (event?.kind === 'protocol-error') this.#violated(event.message);
    else if (event !== undefined) this.#onReply(event, this.#call);
  }

  #onReply({ code, metadata }: LmReplyEvent, call: RunningCall): void {
    const { take } = call;
    this.#reply = { code, metadata };
    if (code !== LM_CODES.SUCCESS || metadata.lengthBytes === 0) this.#onWhole(call);
    else if (take === undefined) this.#violated('bytes where none are due');
    else {
      this.#bodyBegan = false;
      this.#intake = take(metadata);
    }
  }

  #onBody(intake: ChunkIntake, bytes: number): void {
    this.#bodyBegan = true;
    intake.advance(bytes);
    if (intake.remainingBytes > 0) return;
    this.#intake = undefined;
    this.#parser.endBody();
    if (this.#call !== undefined) this.#onWhole(this.#call);
  }

  #onSent(call: RunningCall): void {
    call.isSent = true;
    if (call === this.#call && this.#intake === undefined) this.#onWhole(call);
  }

  /** Nothing of the reply is missing, if there is one. The request belongs to its sender when it is sent. */
  #onWhole({ isSent }: RunningCall): void {
    if (isSent && this.#reply !== undefined) this.#settle(this.#reply);
  }

  #hungUp(): void {
    if (this.#intake !== undefined && this.#reply !== undefined && !this.#bodyBegan) {
      this.#settle(this.#reply);
    }
    this.destroy(remoteUnreachable(this.#label, new Error('the connection was closed')));
  }

  #onClosed(): Error {
    this.#hungUp();
    return this.#failure as Error;
  }

  #violated(what: string): void {
    this.destroy(remoteProtocol(this.#label, what));
  }

  #settle(answer: LmReply | Error): void {
    const call = this.#call;
    this.#call = undefined;
    this.#reply = undefined;
    call?.settle(answer);
  }
}
