import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { type FrameEvent, FrameParser } from '../../src/protocols/kvnest-tcp/frame-parser.js';
import {
  encodeFrame,
  encodeJsonFrame,
  FLAG_END,
  FRAME_TYPES,
  type FrameFields,
  type FramePrefix,
  MAX_HEADER_BYTES,
  PREAMBLE,
} from '../../src/protocols/kvnest-tcp/frame.js';
import { keyListBytes, writeKeyList } from '../../src/protocols/kvnest-tcp/key-list.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { encodePutList, type PutEntry, type PutList } from '../../src/protocols/kvnest-tcp/put-list.js';
import { type PutAnswer, readGetAnswer, readPutAnswers } from '../../src/protocols/kvnest-tcp/replies.js';

/** A frame that the server has sent. */
export interface ReceivedFrame {
  readonly prefix: FramePrefix;
  readonly header: Buffer;
  readonly body: Buffer;
}

export interface TcpClientOptions {
  readonly token?: string;
  /** Default: true. Without it nothing is sent. */
  readonly hello?: boolean;
  readonly tls?: ConnectionOptions;
  /** What its hello says that it knows; absent: nothing. */
  readonly capabilities?: unknown;
}

/** The header of a request about keys. */
export function keyList(keys: readonly (string | Buffer)[], option = 0, namespace = 0): Buffer {
  const bytes = keys.map((key) => Buffer.from(key as string));
  const header = Buffer.alloc(keyListBytes(bytes));
  writeKeyList(header, 0, { namespace, option, keys: bytes });
  return header;
}

/** The header of a put. */
export function putList(
  entries: readonly (Partial<Omit<PutEntry, 'key'>> & {
    readonly key: string;
    readonly lengthBytes: number;
  })[],
  options: Partial<Omit<PutList, 'entries'>> = {},
): Buffer {
  return encodePutList({
    namespace: 0,
    ack: 'memory',
    onlyIfAbsent: false,
    ...options,
    entries: entries.map((entry) => ({
      ttlMs: 0,
      checksum: undefined,
      metadata: Buffer.alloc(0),
      ...entry,
      key: Buffer.from(entry.key),
    })),
  });
}

/** A client that sends any bytes, and hands out what comes back frame by frame. */
export class TcpTestClient implements Disposable {
  /** All frames so far, taken ones included. */
  readonly frames: ReceivedFrame[] = [];
  readonly closed: Promise<unknown>;
  readonly #parser = new FrameParser({ expectPreamble: false, maxHeaderBytes: () => MAX_HEADER_BYTES });
  #unparsed: Buffer[] = [];
  #frame: FrameEvent | undefined;
  #taken = new Set<ReceivedFrame>();
  #wake: (() => void) | undefined;
  #nextId = 1;

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.closed = new Promise<void>((resolve) => socket.once('close', resolve)).then(() => this.#wake?.());
  }

  static async open(port: number, options: TcpClientOptions = {}): Promise<TcpTestClient> {
    const { hello = true, token, tls, capabilities } = options;
    const socket =
      tls === undefined ? connect(port, '127.0.0.1') : connectTls({ port, host: '127.0.0.1', ...tls });
    const client = new TcpTestClient(socket);
    await once(socket, tls === undefined ? 'connect' : 'secureConnect');
    if (!hello) return client;
    client.hello(token, 1, capabilities);
    await client.take(({ prefix }) => prefix.type === FRAME_TYPES.HELLO);
    return client;
  }

  hello(token?: string, version = 1, capabilities?: unknown): void {
    this.socket.write(PREAMBLE);
    const hello = { version, client: 'test', token, capabilities };
    this.socket.write(encodeJsonFrame({ type: FRAME_TYPES.HELLO }, hello));
  }

  /** @returns the number of the request. */
  request(
    pattern: number,
    header: Buffer,
    { body, ...fields }: Partial<FrameFields> & { readonly body?: Buffer } = {},
  ): number {
    const requestId = fields.requestId ?? this.#nextId++;
    const bodyBytes = fields.bodyBytes ?? body?.length ?? 0;
    const frame = encodeFrame(
      { type: FRAME_TYPES.REQUEST, pattern, ...fields, requestId, bodyBytes },
      header,
    );
    this.socket.write(body === undefined ? frame : Buffer.concat([frame, body]));
    return requestId;
  }

  named(pattern: unknown, data?: unknown, fields: Partial<FrameFields> = {}): number {
    return this.request(PATTERNS.NAMED, Buffer.from(JSON.stringify({ pattern, data })), fields);
  }

  cancel(requestId: number): void {
    this.socket.write(encodeFrame({ type: FRAME_TYPES.CANCEL, requestId }));
  }

  /** The next frame that nobody has taken. @throws when the connection ends before. */
  async take(matches: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    for (;;) {
      const found = this.frames.find((frame) => !this.#taken.has(frame) && matches(frame));
      if (found !== undefined) {
        this.#taken.add(found);
        return found;
      }
      if (this.socket.closed) throw new Error('the connection ended');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next frame that answers a request. */
  reply(requestId: number): Promise<ReceivedFrame> {
    return this.take(({ prefix }) => prefix.requestId === requestId);
  }

  /** All frames that answer a request. */
  async replies(requestId: number): Promise<readonly ReceivedFrame[]> {
    const replies: ReceivedFrame[] = [];
    for (;;) {
      const reply = await this.reply(requestId);
      replies.push(reply);
      if (reply.prefix.type === FRAME_TYPES.ERROR || (reply.prefix.flags & FLAG_END) !== 0) return replies;
    }
  }

  /** What an `ERROR` says that ends a request, or the connection (0). */
  async error(requestId: number): Promise<Record<string, unknown>> {
    const { header } = await this.take(
      ({ prefix }) => prefix.type === FRAME_TYPES.ERROR && prefix.requestId === requestId,
    );
    return JSON.parse(header.toString()) as Record<string, unknown>;
  }

  async json(requestId: number): Promise<Record<string, unknown>> {
    return JSON.parse((await this.reply(requestId)).header.toString()) as Record<string, unknown>;
  }

  async flags(
    pattern: number,
    keys: readonly (string | Buffer)[],
    option = 0,
    namespace = 0,
  ): Promise<number[]> {
    return [...(await this.reply(this.request(pattern, keyList(keys, option, namespace)))).header];
  }

  async put(key: string, bytes: Buffer, entry: Partial<PutEntry> = {}): Promise<PutAnswer> {
    const header = putList([{ ...entry, key, lengthBytes: bytes.length }]);
    const { header: answer } = await this.reply(this.request(PATTERNS.PUT, header, { body: bytes }));
    return readPutAnswers(answer)[0]!;
  }

  /** @returns undefined where a key is not there. */
  async get(...keys: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
    const replies = await this.replies(this.request(PATTERNS.GET, keyList(keys)));
    return replies.map(({ header, body }) => (readGetAnswer(header).found ? body : undefined));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#unparsed.push(chunk);
    let buffer = chunk;
    let at = 0;
    for (;;) {
      if (this.#frame !== undefined) {
        const { prefix, header } = this.#frame;
        const available = this.#unparsed.reduce((sum, { length }) => sum + length, 0);
        if (available < prefix.bodyBytes) break;
        buffer = Buffer.concat(this.#unparsed);
        this.frames.push({ prefix, header, body: buffer.subarray(0, prefix.bodyBytes) });
        this.#frame = undefined;
        if (prefix.bodyBytes > 0) this.#parser.endBody();
        buffer = buffer.subarray(prefix.bodyBytes);
        at = 0;
      }
      const event = this.#parser.push(buffer, at, buffer.length);
      at = this.#parser.position;
      this.#unparsed = at < buffer.length ? [buffer.subarray(at)] : [];
      if (event === undefined) break;
      if (event.kind === 'protocol-error') throw event.error;
      this.#frame = { ...event, header: Buffer.from(event.header) };
    }
    this.#wake?.();
  }
}
