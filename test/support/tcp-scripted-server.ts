import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FrameParser } from '../../src/protocols/kvnest-tcp/frame-parser.js';
import {
  encodeFrame,
  encodeJsonFrame,
  FLAG_END,
  FRAME_TYPES,
  type FrameFields,
  MAX_HEADER_BYTES,
} from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';

const HELLO = {
  version: 1,
  server: 'scripted/1.0',
  boot_id: 'scripted',
  capabilities: [],
  tiers: ['memory'],
  chunk_tokens: 4,
  heartbeat_ms: 15_000,
  limits: { header: 65_536, json: 65_536, value: 1_048_576, keys: 100, in_flight: 16 },
};

export type ScriptedHello = Partial<Omit<typeof HELLO, 'limits'>> & {
  limits?: Partial<(typeof HELLO)['limits']>;
};

/** A frame of a client. Bodies are read and dropped. */
export interface ClientFrame {
  readonly type: number;
  readonly pattern: keyof typeof PATTERNS;
  readonly id: number;
  readonly timeoutMs: number;
  readonly header: Buffer;
}

export interface ScriptedServerOptions {
  /** Undefined: what a kvnest would say; false: nothing; bytes: these. */
  readonly hello?: ScriptedHello | false | Buffer;
  /** What comes in, but hellos. */
  readonly onFrame?: (frame: ClientFrame, connection: ScriptedConnection) => void;
}

const PATTERN_NAMES = Object.fromEntries(Object.entries(PATTERNS).map(([name, number]) => [number, name]));

/** One client of a scripted server. */
export class ScriptedConnection {
  readonly #parser = new FrameParser({ expectPreamble: true, maxHeaderBytes: () => MAX_HEADER_BYTES });
  #bodyBytes = 0;

  constructor(
    readonly number: number,
    readonly socket: Socket,
    private readonly options: ScriptedServerOptions,
  ) {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  frame(
    fields: FrameFields,
    header: Buffer | object = Buffer.alloc(0),
    body: Buffer = Buffer.alloc(0),
  ): void {
    const whole = { ...fields, bodyBytes: fields.bodyBytes ?? body.length };
    this.socket.write(Buffer.isBuffer(header) ? encodeFrame(whole, header) : encodeJsonFrame(whole, header));
    if (body.length > 0) this.socket.write(body);
  }

  /** The only frame of an answer. */
  reply(id: number, header: Buffer | object, body?: Buffer): void {
    this.frame({ type: FRAME_TYPES.REPLY, requestId: id, flags: FLAG_END }, header, body);
  }

  /** One of several. */
  part(id: number, header: Buffer | object, body?: Buffer): void {
    this.frame({ type: FRAME_TYPES.REPLY, requestId: id }, header, body);
  }

  error(id: number, code: string): void {
    this.frame({ type: FRAME_TYPES.ERROR, requestId: id }, { code, message: `this is ${code}` });
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
      if (event?.kind === 'protocol-error') throw event.error;
      if (event === undefined) continue;
      const { type, pattern, requestId, timeoutMs, bodyBytes } = event.prefix;
      this.#bodyBytes = bodyBytes;
      if (type === FRAME_TYPES.HELLO) this.#greet();
      else {
        const name = PATTERN_NAMES[pattern] as ClientFrame['pattern'];
        const header = Buffer.from(event.header);
        this.options.onFrame?.({ type, pattern: name, id: requestId, timeoutMs, header }, this);
      }
    }
  }

  #greet(): void {
    const { hello = {} } = this.options;
    if (hello === false) return;
    if (Buffer.isBuffer(hello)) this.socket.write(hello);
    else {
      const limits = { ...HELLO.limits, ...hello.limits };
      this.frame({ type: FRAME_TYPES.HELLO }, { ...HELLO, ...hello, limits });
    }
  }
}

/** A server that does what a test says: for what a real one does not do when it is told to. */
export class TcpScriptedServer implements AsyncDisposable {
  /** All that ever connected. */
  readonly connections: ScriptedConnection[] = [];
  readonly #server: Server;

  private constructor(options: ScriptedServerOptions) {
    this.#server = createServer((socket) => {
      this.connections.push(new ScriptedConnection(this.connections.length, socket, options));
    });
  }

  static async start(options: ScriptedServerOptions = {}): Promise<TcpScriptedServer> {
    const server = new TcpScriptedServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `kvnest://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get open(): readonly ScriptedConnection[] {
    return this.connections.filter(({ socket }) => !socket.destroyed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.connections) socket.destroy();
    await closed;
  }
}
