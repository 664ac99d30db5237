import { type Socket } from 'node:net';
import { FrameParser } from '../../src/protocols/kvnest-tcp/frame-parser.js';
import {
  FLAG_END,
  FRAME_TYPES,
  type FramePrefix,
  MAX_HEADER_BYTES,
} from '../../src/protocols/kvnest-tcp/frame.js';

const FROM_SERVER: ReadonlySet<number> = new Set([
  FRAME_TYPES.HELLO,
  FRAME_TYPES.REPLY,
  FRAME_TYPES.ERROR,
  FRAME_TYPES.PING,
  FRAME_TYPES.PONG,
  FRAME_TYPES.GOAWAY,
]);

/** Reads all that a server sends and keeps no byte of it: what ended, with which errors, and what a server must not do. */
export class TcpListener {
  /** How often each request ended, by its number. */
  readonly ends = new Map<number, number>();
  /** Requests that were answered after their end. */
  readonly late: number[] = [];
  /** Codes of errors, of requests and of the connection. */
  readonly codes = new Set<string>();
  /** What the server must not do. */
  readonly faults: string[] = [];
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #parser = new FrameParser({ expectPreamble: false, maxHeaderBytes: () => MAX_HEADER_BYTES });
  #frames = 0;
  #bodyBytes = 0;
  #isOver = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.closed = new Promise((resolve) =>
      socket.once('close', () => {
        this.#wake?.();
        resolve();
      }),
    );
  }

  /** Resolves when so many requests have ended, or the connection is gone. */
  async ended(requests: number): Promise<void> {
    const gone = this.closed.then(() => true);
    while (this.ends.size < requests) {
      const next = new Promise<void>((resolve) => (this.#wake = resolve));
      if (await Promise.race([gone, next])) return;
    }
  }

  #read(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#bodyBytes > 0) {
        const taken = Math.min(this.#bodyBytes, bytes.length - at);
        at += taken;
        this.#bodyBytes -= taken;
        if (this.#bodyBytes === 0) this.#parser.endBody();
        continue;
      }
      const event = this.#parser.push(bytes, at, bytes.length);
      at = this.#parser.position;
      if (event?.kind === 'protocol-error') this.faults.push(`no frame: ${event.error.message}`);
      else if (event !== undefined) this.#take(event.prefix, event.header);
    }
    this.#wake?.();
  }

  #take(prefix: FramePrefix, header: Buffer): void {
    const { type, requestId, flags, bodyBytes } = prefix;
    this.#bodyBytes = bodyBytes;
    if (this.#isOver) this.faults.push('a frame behind the last');
    if (!FROM_SERVER.has(type)) this.faults.push(`a frame of type ${type}`);
    if (type === FRAME_TYPES.HELLO && this.#frames > 0) this.faults.push('a second hello');
    this.#frames++;
    if (type === FRAME_TYPES.ERROR) this.#takeError(requestId, header);
    if (type === FRAME_TYPES.REPLY && this.ends.has(requestId)) this.late.push(requestId);
    if (type === FRAME_TYPES.ERROR || (flags & FLAG_END) !== 0)
      this.ends.set(requestId, (this.ends.get(requestId) ?? 0) + 1);
  }

  #takeError(requestId: number, header: Buffer): void {
    const { code, message } = JSON.parse(header.toString()) as Record<string, unknown>;
    if (typeof message !== 'string') this.faults.push('an error without a message');
    this.codes.add(String(code));
    if (requestId === 0) this.#isOver = true;
  }
}
