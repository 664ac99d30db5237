import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { RespRequestParser } from '../../src/protocols/resp/resp-request-parser.js';

const MAX_BYTES = 64 * 1024 * 1024;

/** What is answered to a command; an iterable without end is sent until the client hangs up. */
export type HostileReply = string | Buffer | Iterable<string | Buffer> | undefined;

/**
 * A server that answers as a test says: for replies that no real server gives. Undefined: no answer at all. AUTH,
 * CLIENT and PING are answered well.
 */
export class HostileRespServer implements AsyncDisposable {
  /** By the name of the command and its first argument. */
  answer: (command: string, args: readonly string[]) => HostileReply = () => '$-1\r\n';
  readonly commands: string[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async start(): Promise<HostileRespServer> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new HostileRespServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    const parser = new RespRequestParser({
      bodyThresholdBytes: Infinity,
      maxArgumentBytes: MAX_BYTES,
      maxCommandBytes: MAX_BYTES,
    });
    let answering = Promise.resolve();
    socket.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; at = parser.position) {
        const event = parser.push(bytes, at, bytes.length);
        if (event?.kind !== 'command') continue;
        const args = event.args.slice(1).map((arg) => arg.toString('latin1'));
        answering = answering.then(() => this.#answer(socket, event.name, args));
      }
    });
  }

  async #answer(socket: Socket, name: string, args: readonly string[]): Promise<void> {
    this.commands.push(name);
    const isGreeting = name === 'AUTH' || name === 'CLIENT';
    const reply = isGreeting ? '+OK\r\n' : name === 'PING' ? '+PONG\r\n' : this.answer(name, args);
    if (reply === undefined) return;
    const parts = typeof reply === 'string' || Buffer.isBuffer(reply) ? [reply] : reply;
    for (const part of parts) {
      if (socket.destroyed) return;
      if (!socket.write(part)) await drained(socket);
    }
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      socket.off('drain', settle).off('close', settle);
      resolve();
    };
    socket.on('drain', settle).on('close', settle);
  });
}
