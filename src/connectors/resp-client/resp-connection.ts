import { type Socket } from 'node:net';
import { RespReplyParser } from '../../protocols/resp/resp-reply-parser.js';
import { type RespReplyEvent, type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { type PooledConnection } from '../connection-pool/connection-pool.js';
import { remoteAborted, remoteClosed, remoteProtocol, remoteUnreachable } from '../connector-errors.js';
import { endSocket } from '../end-socket.js';
import { BodyReader } from './body-reader.js';
import { PendingCall, type RespCallOptions } from './pending-call.js';
import { socketError } from '../socket-error.js';
import { openRespSocket, type RespSocketOptions, type RespSocketReader } from './resp-socket.js';

/** Room for a reply of which it is not known yet that nobody asked for it. */
const UNASKED_BYTES = 1024;

export interface RespConnectionOptions extends RespSocketOptions {
  /** What errors call the store. */
  readonly label: string;
}

/**
 * A connection to a server that speaks Redis's protocol. Requests are sent at once, their replies come in order; long
 * bulks are read straight to where the caller wants them. An error reply is a value (`RespErrorReply`); what is thrown
 * is `KV_REMOTE_UNREACHABLE`, `KV_REMOTE_PROTOCOL`, `KV_REMOTE_ABORTED` or `KV_REMOTE_CLOSED`.
 */
export class RespConnection implements PooledConnection, RespSocketReader {
  receivedBytes = 0;
  body: BodyReader | undefined;
  /** The server has accepted the connection. */
  readonly connected: Promise<void>;
  /** The connection is gone, by whatever way: the server carries out nothing more of what was sent. */
  readonly closed: Promise<void>;
  readonly #label: string;
  readonly #socket: Socket;
  readonly #parser = new RespReplyParser();
  /** Sent, in the order of their replies. */
  readonly #calls: PendingCall[] = [];
  #failure: Error | undefined;
  #isCorked = false;
  #isSuspect = false;

  constructor(options: RespConnectionOptions) {
    this.#label = options.label;
    this.#socket = openRespSocket(options, this)
      .on('error', (error) => this.#fail(socketError(this.#label, error)))
      .on('end', () => this.#fail(this.#hungUp()))
      .on('close', () => this.#fail(this.#hungUp()));
    this.closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.connected = new Promise((resolve, reject) => {
      this.#socket.once(options.tls === undefined ? 'connect' : 'secureConnect', resolve);
      void this.closed.then(() => reject(this.#failure as Error));
    });
    this.connected.catch(() => undefined);
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** False also when somebody gave up waiting and nothing had come in meanwhile: new calls go elsewhere. */
  get isTrusted(): boolean {
    return this.isOpen && !this.#isSuspect;
  }

  get isReusable(): boolean {
    return this.isTrusted && this.#isIdle;
  }

  /**
   * Sends these bytes, which must not change until the promise settles. One request may be several commands: then
   * `replies` says so, and all of them come together.
   *
   * When `signal` aborts, the promise rejects at once. Where the call has a body, or nobody else waits, the connection
   * is given up with it. A long request that was sent to its end may still be carried out: `closed` tells when not.
   */
  call(request: readonly Uint8Array[], options: RespCallOptions = {}): Promise<readonly RespValue[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (options.signal?.aborted === true) return Promise.reject(remoteAborted(this.#label));
    const receivedBefore = this.receivedBytes;
    const call = new PendingCall(options, (aborted) => {
      this.#isSuspect ||= this.receivedBytes === receivedBefore;
      this.#abandon(aborted);
    });
    this.#calls.push(call);
    this.#cork();
    const last = request.length - 1;
    for (let i = 0; i < last; i++) this.#socket.write(request[i] as Uint8Array);
    this.#socket.write(request[last] as Uint8Array, () => (call.isSent = true));
    return call.promise;
  }

  /** Ends the connection at once: calls that wait reject, nothing is read or written any more. */
  destroy(reason: Error = remoteClosed(this.#label)): void {
    this.#fail(reason);
    this.#socket.destroy();
  }

  onBodyBytes(bytes: number): void {
    this.receivedBytes += bytes;
    try {
      this.body?.advance(bytes);
      if (this.body?.done === true) this.#endBody();
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  onBytes(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    try {
      this.#parse(bytes);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Whether no reply is outstanding. */
  get #isIdle(): boolean {
    return this.#calls.length === 0;
  }

  #parse(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.isOpen) {
      if (this.body !== undefined) {
        at = this.body.write(bytes, at, bytes.length);
        if (this.body.done) this.#endBody();
        continue;
      }
      this.#parser.handsOutBodies = this.#calls[0]?.onBody !== undefined;
      this.#parser.maxReplyBytes = this.#calls[0]?.roomBytes ?? UNASKED_BYTES;
      const event = this.#parser.push(bytes, at, bytes.length);
      at = this.#parser.position;
      if (event !== undefined) this.#on(event);
    }
  }

  #on(event: RespReplyEvent): void {
    const call = this.#calls[0];
    switch (event.kind) {
      case 'body-start':
        this.body = new BodyReader(event.lengthBytes, call?.onBody?.(event.lengthBytes, call.replies));
        break;
      case 'reply':
        if (call === undefined) this.#fail(remoteProtocol(this.#label, 'it answers what nobody asked'));
        else this.#take(call, event.value);
        break;
      case 'protocol-error':
        this.#fail(remoteProtocol(this.#label, event.message));
        break;
      case 'push':
        break;
    }
  }

  #take(call: PendingCall, reply: RespValue): void {
    if (!call.add(reply, this.#parser.replyBytes)) return;
    this.#calls.shift();
    if (this.#isSuspect && this.#isIdle) this.destroy();
    if (call.isSent) call.succeed();
    // A socket may say that a request is sent after the reply has come: in the same turn, if it is.
    else setImmediate(() => this.#succeed(call));
  }

  /** A reply before the request was sent to its end: the server has stopped reading, what follows is lost. */
  #succeed(call: PendingCall): void {
    if (!call.isSent) this.#fail(this.#hungUp());
    call.succeed();
  }

  #endBody(): void {
    this.body = undefined;
    this.#parser.endBody();
  }

  #abandon(call: PendingCall): void {
    call.isAbandoned = true;
    call.fail(remoteAborted(this.#label));
    const nobodyWaits = this.#calls.every(({ isAbandoned }) => isAbandoned);
    if (!call.isExclusive && !nobodyWaits) return;
    const failure = remoteUnreachable(this.#label, new Error('given up'));
    // Of a request without its end nothing is left to carry out; else the server closes when it has come to it.
    if (call.isLong && call.isSent) this.#fail(failure, () => endSocket(this.#socket));
    else this.#fail(failure);
  }

  /** Requests of one turn leave in one system call. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  #fail(failure: Error, end = (): void => void this.#socket.destroy()): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.body = undefined;
    end();
    for (const call of this.#calls.splice(0))
      call.fail(call.isAborted ? remoteAborted(this.#label) : failure);
  }

  #hungUp(): Error {
    return remoteUnreachable(this.#label, new Error('the connection was closed'));
  }
}
