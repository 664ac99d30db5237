import { type ConnectionOptions as TlsOptions } from 'node:tls';
import {
  encodeFrame,
  FLAG_END,
  FRAME_TYPES,
  type FramePrefix,
  MAX_HEADER_BYTES,
} from '../../protocols/kvnest-tcp/frame.js';
import { FrameParser } from '../../protocols/kvnest-tcp/frame-parser.js';
import {
  clientInput,
  clientProtocol,
  clientTimeout,
  clientUnavailable,
  serverError,
} from '../client-errors.js';
import { type ServerAddress } from '../options/client-url.js';
import { type Call, type CallCarrier } from './call.js';
import { ClientSocket, type SocketReader } from './client-socket.js';
import { encodeClientHello, readHello, type ServerHello } from './hello.js';
import { IncomingBody } from './incoming-body.js';
import { stampRequest } from './request.js';
import { type Observed, Silence } from './silence.js';

export interface ConnectionOptions {
  readonly address: ServerAddress;
  readonly tls: TlsOptions | undefined;
  readonly token: string | undefined;
  /** Told to the server. */
  readonly name: string;
  /** Until the server has said hello. */
  readonly connectTimeoutMs: number;
  readonly unresponsiveMs: number;
}

/** Who is told how a connection fares. */
export interface ConnectionOwner {
  onOpen(connection: Connection, hello: ServerHello): void;
  /** A call has ended: there is room for another. */
  onRoom(connection: Connection): void;
  /** The server is about to end. What is asked of this connection is still answered, as long as it lives. */
  onLeaving(connection: Connection): void;
  /** @param lost calls that were under way, and that are the owner's again. */
  onClose(connection: Connection, error: Error, lost: readonly Call[]): void;
}

const MAX_REQUEST_ID = 2 ** 32 - 1;

/** A connection to a server: many calls at a time, each with an id; answers come in any order. */
export class Connection implements CallCarrier, SocketReader, Observed {
  receivedBytes = 0;
  isPaused = false;
  isLeaving = false;
  /** The server was taken for dead because of its silence. */
  wasSilent = false;
  readonly #options: ConnectionOptions;
  readonly #owner: ConnectionOwner;
  readonly #parser = new FrameParser({ expectPreamble: false, maxHeaderBytes: () => MAX_HEADER_BYTES });
  readonly #calls = new Map<number, Call>();
  readonly #silence = new Silence();
  readonly #socket: ClientSocket;
  readonly #connectTimer: NodeJS.Timeout;
  #lastId = 0;
  #hello: ServerHello | undefined;
  #failure: Error | undefined;
  #body: IncomingBody | undefined;
  /** Whose body it is. */
  #bodyCall: Call | undefined;
  #bodyIsLast = false;

  constructor(options: ConnectionOptions, owner: ConnectionOwner) {
    this.#options = options;
    this.#owner = owner;
    const { address, tls, connectTimeoutMs } = options;
    this.#socket = new ClientSocket(address, tls, this, () => this.#sayHello());
    this.#socket.socket
      .on('error', (error) => this.#fail(clientUnavailable(address.name, error)))
      .on('end', () => this.#hangUp())
      .on('close', () => this.#hangUp());
    this.#connectTimer = setTimeout(
      () => this.#fail(clientUnavailable(address.name, clientTimeout(connectTimeoutMs))),
      connectTimeoutMs,
    );
  }

  /** Undefined until the server has said it. */
  get hello(): ServerHello | undefined {
    return this.#hello;
  }

  get isOpen(): boolean {
    return this.#hello !== undefined && this.#failure === undefined;
  }

  get isBusy(): boolean {
    return this.#calls.size > 0;
  }

  get inFlight(): number {
    return this.#calls.size;
  }

  /** Whether one more call is within what the server reads. */
  get hasRoom(): boolean {
    return this.#hello !== undefined && this.#calls.size < this.#hello.limits.inFlight;
  }

  get unsentBytes(): number {
    return this.#socket.unsentBytes;
  }

  /** When the socket is gone. */
  get closed(): Promise<void> {
    const { socket } = this.#socket;
    return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));
  }

  /** Only while it is open. */
  send(call: Call): void {
    if (!this.#takes(call)) return;
    const id = this.#nextId();
    call.attempts++;
    call.requestId = id;
    call.carrier = this;
    this.#calls.set(id, call);
    const { request } = call;
    stampRequest(request, id, call.remainingMs);
    this.#socket.write(request.frame);
    if (request.body.length > 0) this.#sendBody(call, request.body);
  }

  /**
   * Of a request that has not been sent to its end, the caller's memory must not be read any more, and only the end of the
   * connection prevents that. What else was under way on it goes to another.
   */
  abandon(call: Call): void {
    const { name } = this.#options.address;
    if (this.#failure !== undefined) return;
    if (call.isSending) {
      this.#fail(clientUnavailable(name, 'a request was taken back in the midst of its body'));
      return;
    }
    if (this.#bodyCall === call) {
      this.#body?.divert();
      if (!this.#socket.retarget()) this.#fail(clientUnavailable(name, 'an answer was taken back'));
    }
    if (!this.isOpen) return;
    if (this.isPaused) this.resume();
    this.#socket.write(encodeFrame({ type: FRAME_TYPES.CANCEL, requestId: call.requestId }));
  }

  /** Nothing is read until `resume`. */
  pause(): void {
    this.isPaused = true;
    this.#socket.socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.#socket.socket.resume();
  }

  /** Asks a server that is silent. @returns whether it has been silent for too long: `presumeDead` is due. */
  checkSilence(elapsedMs: number): boolean {
    if (!this.isOpen || this.#hello === undefined) return false;
    const limits = { heartbeatMs: this.#hello.heartbeatMs, unresponsiveMs: this.#options.unresponsiveMs };
    const verdict = this.#silence.check(this, elapsedMs, limits);
    if (verdict === 'ask') this.#socket.write(encodeFrame({ type: FRAME_TYPES.PING }));
    return verdict === 'dead';
  }

  /** Nobody at the other end: nothing is to be expected of the next connection, either. */
  presumeDead(): void {
    this.wasSilent = true;
    this.#fail(clientUnavailable(this.#options.address.name, 'it says nothing any more'));
  }

  destroy(error: Error): void {
    this.#fail(error);
  }

  readTarget(): Uint8Array | undefined {
    return this.#body?.target();
  }

  onDirectBytes(bytes: number): void {
    this.receivedBytes += bytes;
    if (this.#body === undefined) return;
    this.#guard(() => {
      this.#body?.advance(bytes);
      this.#endBodyWhenDone();
    });
  }

  onBytes(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    this.#guard(() => this.#parse(bytes));
  }

  #sayHello(): void {
    this.#socket.write(encodeClientHello(this.#options));
  }

  /** A header that is beyond what the server reads would cost the connection. */
  #takes(call: Call): boolean {
    const { isJson, headerBytes } = call.request;
    const limits = (this.#hello as ServerHello).limits;
    const maxBytes = isJson ? limits.jsonBytes : limits.headerBytes;
    if (headerBytes > maxBytes)
      call.fail(
        clientInput(
          `What is asked takes ${headerBytes} bytes, more than the ${maxBytes} that the server reads`,
        ),
      );
    return headerBytes <= maxBytes;
  }

  #sendBody(call: Call, body: readonly Uint8Array[]): void {
    const { requestId } = call;
    const last = body.length - 1;
    call.isSending = true;
    for (let i = 0; i < last; i++) this.#socket.write(body[i] as Uint8Array);
    this.#socket.write(body[last] as Uint8Array, () => {
      const isThis = call.requestId === requestId && call.carrier === this;
      if (isThis && this.#failure === undefined) call.isSending = false;
    });
  }

  /** What goes wrong while frames are taken apart costs the connection. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(clientProtocol(this.#options.address.name, error));
    }
  }

  #parse(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#failure === undefined) {
      if (this.#body !== undefined) {
        at = this.#body.write(bytes, at);
        this.#endBodyWhenDone();
        continue;
      }
      const event = this.#parser.push(bytes, at, bytes.length);
      at = this.#parser.position;
      if (event?.kind === 'protocol-error') throw event.error;
      if (event !== undefined) this.#onFrame(event.prefix, event.header);
    }
  }

  #endBodyWhenDone(): void {
    if (this.#body?.done !== true) return;
    const call = this.#bodyCall as Call;
    this.#body = undefined;
    this.#bodyCall = undefined;
    this.#parser.endBody();
    if (!call.isDone) call.taker.onBody?.();
    if (this.#bodyIsLast) this.#end(call);
  }

  #onFrame(prefix: FramePrefix, header: Buffer): void {
    if (prefix.type === FRAME_TYPES.REPLY) {
      this.#onReply(prefix, header);
      return;
    }
    if (prefix.bodyBytes > 0) throw new Error(`a body of a frame of type ${prefix.type}`);
    this.#onControl(prefix, header);
  }

  #onReply({ requestId, bodyBytes, flags }: FramePrefix, header: Buffer): void {
    const call = this.#callOf(requestId);
    const hello = this.#hello as ServerHello;
    const isLast = (flags & FLAG_END) !== 0;
    const sink = call.isDone ? undefined : call.taker.onReply(header, bodyBytes, hello);
    if (bodyBytes > 0) {
      this.#body = new IncomingBody(bodyBytes, sink);
      this.#bodyCall = call;
      this.#bodyIsLast = isLast;
    } else if (isLast) this.#end(call);
  }

  #onControl({ type, requestId }: FramePrefix, header: Buffer): void {
    switch (type) {
      case FRAME_TYPES.HELLO:
        this.#open(readHello(this.#options.address.name, header));
        return;
      case FRAME_TYPES.ERROR:
        this.#onError(requestId, header);
        return;
      case FRAME_TYPES.PING:
        this.#socket.answer(encodeFrame({ type: FRAME_TYPES.PONG, requestId }));
        return;
      case FRAME_TYPES.PONG:
        return;
      case FRAME_TYPES.GOAWAY:
        this.isLeaving = true;
        this.#owner.onLeaving(this);
        return;
      default:
        throw new Error(`a frame of type ${type} from a server`);
    }
  }

  #open(hello: ServerHello): void {
    if (this.#hello !== undefined) throw new Error('a second hello');
    clearTimeout(this.#connectTimer);
    this.#hello = hello;
    this.#owner.onOpen(this, hello);
  }

  #onError(requestId: number, header: Buffer): void {
    const error = serverError(header);
    if (requestId === 0) {
      this.#fail(error);
      return;
    }
    const call = this.#callOf(requestId);
    this.#calls.delete(requestId);
    if (error.code === 'KV_TCP_TIMEOUT') call.onTimeout();
    else call.fail(error);
    this.#owner.onRoom(this);
  }

  #callOf(requestId: number): Call {
    const call = this.#calls.get(requestId);
    if (call === undefined || this.#hello === undefined) throw new Error('an answer that nobody asked for');
    return call;
  }

  #end(call: Call): void {
    this.#calls.delete(call.requestId);
    if (!call.isDone) call.end();
    this.#owner.onRoom(this);
  }

  #nextId(): number {
    do this.#lastId = this.#lastId === MAX_REQUEST_ID ? 1 : this.#lastId + 1;
    while (this.#calls.has(this.#lastId));
    return this.#lastId;
  }

  #hangUp(): void {
    this.#fail(clientUnavailable(this.#options.address.name, 'it closed the connection'));
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    clearTimeout(this.#connectTimer);
    this.#body = undefined;
    this.#socket.socket.destroy();
    const lost = [...this.#calls.values()].filter(({ isDone }) => !isDone);
    this.#calls.clear();
    for (const call of lost) call.isAtLarge = call.request.isWrite && !call.isSending && !this.#socket.isGone;
    this.#owner.onClose(this, error, lost);
  }
}
