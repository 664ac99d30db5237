import { type Socket } from 'node:net';
import {
  INFINISTORE_CODES,
  type InfinistoreReply,
  type InfinistoreReplyKind,
  InfinistoreReplyParser,
} from '../../protocols/infinistore/infinistore-reply.js';
import { acknowledgeNow } from '../../arena/native/acknowledge-now.js';
import { type PooledConnection } from '../connection-pool/connection-pool.js';
import { remoteAborted, remoteProtocol, remoteUnreachable } from '../connector-errors.js';
import { type ChunkIntake } from '../intake/chunk-intake.interface.js';
import { openSocket } from '../open-socket.js';
import { sendRequest } from '../send-request.js';

export interface InfinistoreAddress {
  readonly host: string;
  readonly port: number;
  /** What errors call the store. */
  readonly label: string;
}

export interface InfinistoreCallOptions {
  readonly kind: InfinistoreReplyKind;
  /** Makes room for the value that comes next. What has none, or comes behind it, goes nowhere. */
  readonly take?: (lengthBytes: number) => ValueTarget | undefined;
  /** When it aborts, the value that `take` made room for is given back; the rest is read all the same and goes nowhere. */
  readonly unwanted?: AbortSignal | undefined;
  /** When it aborts, the connection is cut, if not all of the request is sent: then the server owes no answer yet. */
  readonly cut?: AbortSignal | undefined;
}

/** Where the bytes of a value go. */
export type ValueTarget = Pick<ChunkIntake, 'target' | 'advance' | typeof Symbol.dispose>;

interface RunningCall extends InfinistoreCallOptions {
  /** The socket is done with the request. It may say so after the answer has come. */
  isSent: boolean;
  settle(answer: InfinistoreReply | Error): void;
}

/** What is longer than any segment of TCP is not kept back until what was before it is acknowledged. */
const LONG_BYTES = 64 * 1024;
/** How much is read at once: more than what is mostly there, because a target that is filled costs one more read. */
const READ_BYTES = 1024 * 1024;
/** Where heads of replies are read. Each is taken out before the next read, so that all connections share it. */
const HEAD = Buffer.allocUnsafeSlow(16);
/** Where values are read that nobody wants. */
const DISCARD = Buffer.allocUnsafeSlow(64 * 1024);
const ENDED_BY_PEER = new Set([undefined, 'ECONNRESET', 'EPIPE']);

/**
 * A connection to InfiniStore's server, with one request on its way at a time. The server aborts when a connection ends
 * that it still owes an answer, and never stops when something comes before it has sent a value to its end: so a call
 * that was begun is read to its end, whoever waits for it.
 */
export class InfinistoreConnection implements PooledConnection {
  receivedBytes = 0;
  readonly closed: Promise<void>;
  /** Settles when the server has accepted it. */
  readonly connected: Promise<void>;
  readonly #label: string;
  readonly #socket: Socket;
  readonly #parser = new InfinistoreReplyParser();
  readonly #isForOneCall: boolean;
  #isSpent = false;
  #call: RunningCall | undefined;
  #reply: InfinistoreReply | undefined;
  /** Bytes of a value that are still to come. */
  #remainingBytes = 0;
  #intake: ValueTarget | undefined;
  #intakeFailure: Error | undefined;
  /** The last target was none of the intake. */
  #isDiscarding = false;
  #failure: Error | undefined;

  /** @param isForOneCall it is not used again: see `InfinistoreClient.getSmall`. */
  constructor({ host, port, label }: InfinistoreAddress, isForOneCall = false) {
    this.#label = label;
    this.#isForOneCall = isForOneCall;
    // A socket that is ending cannot be reset any more, and Node ends one whose other side has ended.
    const { socket, connected, closed } = openSocket(
      { host, port, allowHalfOpen: true },
      {
        nextTarget: () => this.#nextTarget(),
        onBytes: (bytes) => this.#onBytes(bytes),
        onEnd: (error) => this.destroy(this.#lost(error)),
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
    return this.isOpen && !this.#isSpent;
  }

  /**
   * Sends these bytes, which must not change until the promise settles, and waits for the reply to its last byte. What
   * `take` made belongs to the caller.
   *
   * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_PROTOCOL, KV_REMOTE_ABORTED when it was cut, or what `take` threw.
   */
  call(request: readonly Uint8Array[], options: InfinistoreCallOptions): Promise<InfinistoreReply> {
    const { kind, cut } = options;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (cut?.aborted === true) return Promise.reject(remoteAborted(this.#label));
    return new Promise((resolve, reject) => {
      const onCut = (): void => this.#cut(call);
      cut?.addEventListener('abort', onCut);
      this.#isSpent ||= this.#isForOneCall;
      this.#parser.expect(kind);
      const call: RunningCall = {
        ...options,
        isSent: false,
        settle: (answer) => {
          cut?.removeEventListener('abort', onCut);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        },
      };
      this.#call = call;
      sendRequest(this.#socket, request, () => this.#onSent(call));
    });
  }

  /** Ends the connection at once, what was not sent included. Between calls the server does not mind. */
  destroy(reason: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    if (this.#socket.connecting) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
    this.#settle(reason);
  }

  #cut(call: RunningCall): void {
    // By then the socket has said what it has done: that may come after the timer that ran out.
    setImmediate(() => {
      if (call === this.#call && !call.isSent) this.destroy(remoteAborted(this.#label));
    });
  }

  #nextTarget(): Buffer {
    if (this.#remainingBytes === 0) return HEAD.subarray(0, this.#headBytes());
    if (this.#call?.unwanted?.aborted === true) this.#dropIntake();
    const target = this.#intake?.target(Math.min(READ_BYTES, this.#remainingBytes));
    this.#isDiscarding = target === undefined || target.length === 0;
    return this.#isDiscarding ? DISCARD.subarray(0, this.#remainingBytes) : (target as Buffer);
  }

  /** One more than there may be, where no value follows: a socket is asked once more when a target was filled. */
  #headBytes(): number {
    return this.#parser.missingBytes + (this.#call?.kind === 'value' ? 0 : 1);
  }

  #onBytes(bytes: number): void {
    this.receivedBytes += bytes;
    if (this.#remainingBytes === 0) this.#onHead(HEAD.subarray(0, bytes));
    else this.#onValue(bytes);
  }

  #onHead(bytes: Buffer): void {
    const isAwaited = this.#reply === undefined && bytes.length <= this.#parser.missingBytes;
    const call = isAwaited ? this.#call : undefined;
    const reply = this.#parser.push(bytes);
    if (call === undefined) this.#violated('it answers what nobody asked');
    else if (typeof reply === 'string') this.#violated(reply);
    else if (reply !== undefined) this.#onReply(call, reply);
  }

  #onReply(call: RunningCall, reply: InfinistoreReply): void {
    this.#reply = reply;
    const isRefusal = reply.code !== INFINISTORE_CODES.FINISHED;
    // What is still on the way of a put that was refused is taken for the next request.
    if (isRefusal && call.kind === 'code') {
      this.#isSpent = true;
      this.#settle(reply);
    }
    if (isRefusal || call.kind !== 'value') {
      this.#onWhole(call);
      return;
    }
    this.#remainingBytes = reply.number;
    if (reply.number < LONG_BYTES) acknowledgeNow(this.#socket);
    this.#guarded(() => {
      if (call.unwanted?.aborted !== true) this.#intake = call.take?.(reply.number);
    });
  }

  #onValue(bytes: number): void {
    if (!this.#isDiscarding) this.#guarded(() => this.#intake?.advance(bytes));
    this.#remainingBytes -= bytes;
    if (this.#remainingBytes === 0 && this.#call !== undefined) this.#onWhole(this.#call);
  }

  #onSent(call: RunningCall): void {
    call.isSent = true;
    if (call === this.#call && this.#reply !== undefined && this.#remainingBytes === 0) this.#onWhole(call);
  }

  #onWhole({ isSent }: RunningCall): void {
    const answer = this.#intakeFailure ?? this.#reply;
    if (isSent && answer !== undefined) this.#settle(answer);
  }

  /** Where the arena fails, the value is read to its end all the same. */
  #guarded(body: () => void): void {
    try {
      body();
    } catch (error) {
      this.#intakeFailure = error as Error;
      this.#dropIntake();
    }
  }

  #dropIntake(): void {
    this.#intake?.[Symbol.dispose]();
    this.#intake = undefined;
  }

  #violated(what: string): void {
    this.destroy(remoteProtocol(this.#label, what));
  }

  #lost(cause: NodeJS.ErrnoException = new Error('the connection was closed')): Error {
    const isBeforeAnswer = this.receivedBytes === 0 && ENDED_BY_PEER.has(cause.code);
    const hint = `${cause.message} before its first answer: a server on uvloop 0.23 or later aborts then`;
    return remoteUnreachable(this.#label, isBeforeAnswer ? new Error(hint, { cause }) : cause);
  }

  #onClosed(): Error {
    this.destroy(this.#lost());
    return this.#failure as Error;
  }

  #settle(answer: InfinistoreReply | Error): void {
    const call = this.#call;
    this.#call = this.#reply = this.#intake = this.#intakeFailure = undefined;
    // The next head belongs to the next call; until then a byte is against the protocol.
    this.#parser.expect('code');
    call?.settle(answer);
  }
}
