import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { takeHandle, type TcpHandle } from '../../socket/tcp-handle.js';
import { DirectBody, type DirectChannel } from './direct-body.js';
import { findDirectHead, hideLength } from './direct-head.js';

interface SocketInternals {
  _server?: unknown;
  parser?: Record<number, unknown> | null;
}

interface HttpServerInternals {
  pauseOnConnect: boolean;
}

const EMPTY = Buffer.alloc(0);

/** Where the HTTP parser keeps whom it tells that a message begins. */
const ON_MESSAGE_BEGIN = 0;

/**
 * Where requests are read to. All connections share it: what a read brings is parsed, delivered or copied before the
 * next read of any connection.
 */
const HEADS = Buffer.alloc(16 * 1024);

/** Requests of one connection that are not answered, beyond which nothing more is read. */
const MAX_UNANSWERED = 64;

const bodies = new WeakMap<IncomingMessage, DirectBody>();

/** The body of a request that comes past the HTTP parser; undefined for all others. */
export function directBodyOf(request: IncomingMessage): DirectBody | undefined {
  return bodies.get(request);
}

/**
 * Makes an HTTP server read the bodies of PUTs and stores directly to where they are wanted. `node:http` copies every
 * body into new buffers, 64 KiB at a time; the garbage they leave costs more than all the rest of a PUT.
 *
 * The HTTP parser sees everything but these bodies: the head of such a request reaches it with the name of its
 * `Content-Length` changed. Where node does not offer what this needs, nothing changes.
 *
 * @param onConnection called for each connection, with its descriptor.
 */
export function readBodiesDirectly(
  server: Server,
  highWaterMark: number,
  onConnection: (socket: Socket, fd: number) => void,
): void {
  const listeners = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  (server as unknown as HttpServerInternals).pauseOnConnect = true;
  server.removeAllListeners('connection');
  server.on('connection', (accepted: Socket) => {
    const handle = takeHandle(accepted);
    const connection =
      handle === undefined ? undefined : new DirectConnection(accepted, handle, highWaterMark);
    const socket = connection?.socket ?? accepted;
    for (const listener of listeners) listener.call(server, socket);
    if (connection === undefined) socket.resume();
    else connection.start();
    onConnection(socket, handle?.fd ?? -1);
  });
  server.prependListener('request', (request, response) =>
    connections.get(request.socket)?.claim(request, response),
  );
}

const connections = new WeakMap<Socket, DirectConnection>();

class DirectConnection implements DirectChannel {
  readonly socket: Socket;
  readonly #handle: TcpHandle;
  /** Where the kernel writes now. Not what node passes to the callback: `revoke` changes it behind node's back. */
  #target: Buffer = HEADS;
  #body: DirectBody | undefined;
  /** The body whose head the parser is reading. */
  #claimable: DirectBody | undefined;
  /** Whether the parser has begun a message, and its request once the head is complete. */
  #begun = false;
  #request: IncomingMessage | undefined;
  #unanswered = 0;
  /** Bytes behind a body that is not read yet, or that the parser does not take yet. */
  #tail: Buffer = EMPTY;

  constructor(accepted: Socket, handle: TcpHandle, highWaterMark: number) {
    this.#handle = handle;
    const onread = { buffer: () => this.#readTarget(), callback: (bytes: number) => this.#onRead(bytes) };
    this.socket = new Socket({ handle, allowHalfOpen: true, highWaterMark, onread } as object);
    const moved = accepted as unknown as SocketInternals;
    (this.socket as unknown as SocketInternals)._server = moved._server;
    moved._server = null;
    // What the HTTP server asks before it takes the handle for its parser.
    handle._consumed = true;
    // Every reply that waits for its turn listens for the end of the connection.
    this.socket.setMaxListeners(0);
    connections.set(this.socket, this);
  }

  start(): void {
    const { parser } = this.socket as unknown as SocketInternals;
    if (parser) {
      parser[ON_MESSAGE_BEGIN] = () => {
        this.#begun = true;
        this.#request = undefined;
      };
    }
    this.socket.on('close', () => this.#body?.abort());
    this.socket.on('end', () => this.#body?.abort());
    this.socket.on('resume', () => this.#parseTail());
    this.socket.resume();
  }

  /** A request begins; its body comes past the parser if its head was parsed just now. */
  claim(request: IncomingMessage, response: ServerResponse): void {
    this.#request = request;
    this.#unanswered++;
    response.once('close', () => {
      if (--this.#unanswered === MAX_UNANSWERED - 1) this.#goOn();
    });
    const body = this.#claimable;
    this.#claimable = undefined;
    if (body === undefined) return;
    request.headers['content-length'] = String(body.lengthBytes);
    bodies.set(request, body);
    response.once('close', () => body.discard());
  }

  revoke(): void {
    if (this.#target === HEADS || this.socket.destroyed) return;
    this.#target = HEADS;
    this.#handle.useUserBuffer(HEADS);
  }

  resume(): void {
    this.socket.resume();
  }

  bodyDone(): void {
    this.#body = undefined;
    this.#goOn();
  }

  get #isHeld(): boolean {
    return this.socket.isPaused() || this.#unanswered >= MAX_UNANSWERED;
  }

  #goOn(): void {
    if (this.socket.destroyed || this.#body !== undefined || this.#isHeld) return;
    if (this.#tail.length > 0) process.nextTick(() => this.#parseTail());
    else this.socket.resume();
  }

  get #isBetweenMessages(): boolean {
    return !this.#begun || this.#request?.complete === true;
  }

  #readTarget(): Buffer {
    this.#target = this.#body?.readTarget() ?? HEADS;
    return this.#target;
  }

  /** @returns false to stop reading. */
  #onRead(bytes: number): boolean {
    if (this.#body !== undefined && this.#target !== HEADS) return this.#body.arrived(bytes);
    const read = HEADS.subarray(0, bytes);
    if (this.#tail.length === 0) return this.#parse(read);
    this.#tail = Buffer.concat([this.#tail, read]);
    return false;
  }

  #parseTail(): void {
    const tail = this.#tail;
    this.#tail = EMPTY;
    if (tail.length === 0 || this.socket.destroyed) return;
    if (this.#parse(tail)) this.socket.resume();
    else this.#stop();
  }

  #stop(): void {
    this.#handle.reading = false;
    this.#handle.readStop();
  }

  #parse(bytes: Buffer): boolean {
    let rest = bytes;
    while (rest.length > 0 && !this.socket.destroyed) {
      const body = this.#body;
      if (body !== undefined) {
        rest = body.deliver(rest);
        if (this.#body === undefined) continue;
        this.#tail = Buffer.concat([this.#tail, rest]);
        return body.wanted;
      }
      if (this.#isHeld) {
        this.#tail = Buffer.concat([this.#tail, rest]);
        return false;
      }
      rest = this.#feed(rest);
    }
    return true;
  }

  /** @returns what the parser did not get: the body behind the head of a direct request, and what follows it. */
  #feed(bytes: Buffer): Buffer {
    const head = this.#isBetweenMessages ? findDirectHead(bytes) : undefined;
    if (head === undefined) {
      this.socket.emit('data', bytes);
      return EMPTY;
    }
    hideLength(bytes, head);
    const body = new DirectBody(head.bodyBytes, this);
    this.#body = this.#claimable = body;
    this.socket.emit('data', bytes.subarray(0, head.headBytes));
    if (this.#claimable === body) {
      // The HTTP server answered by itself.
      this.#claimable = undefined;
      body.discard();
    }
    return bytes.subarray(head.headBytes);
  }
}
