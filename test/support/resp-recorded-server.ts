import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

interface Exchange {
  readonly request: Buffer;
  readonly reply: Buffer;
}

/**
 * Stands for a server of which there is a recording: it expects one request to the byte, on any connection, and answers
 * what was recorded, in two pieces. A fake, because only so the bytes of the request can be compared.
 */
export class RespRecordedServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next: Exchange | undefined;
  /** What came in that nobody expected. */
  unexpected: Buffer | undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#serve(socket));
  }

  static async start(): Promise<RespRecordedServer> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RespRecordedServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  expect(request: Buffer, reply: Buffer): void {
    this.#next = { request, reply };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    let received = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      const { request, reply } = this.#next ?? { request: Buffer.alloc(0), reply: Buffer.alloc(0) };
      if (!request.subarray(0, received.length).equals(received)) {
        this.unexpected = received;
        socket.destroy();
      } else if (received.length === request.length) {
        received = Buffer.alloc(0);
        this.#next = undefined;
        const middle = reply.length >> 1;
        socket.write(reply.subarray(0, middle));
        setImmediate(() => socket.write(reply.subarray(middle)));
      }
    });
  }
}
