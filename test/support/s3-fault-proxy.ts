import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type CertificateFiles } from './tls-certificates.js';

/** What goes wrong between a client and its server. A change holds from the next bytes on. */
export interface Faults {
  /** Goes to the client in place of what the server would say. */
  readonly answer?: string;
  /** Both sides are cut when so many bytes have come from the server through one connection. */
  readonly cutAnswerAfterBytes?: number;
  /** The same, for bytes to the server. */
  readonly cutRequestAfterBytes?: number;
  /** No more than this goes to the client in one turn of the event loop. */
  readonly pieceBytes?: number;
}

/** Faults that no server can be asked for: this proxy makes them, between a real client and a real server. */
export class S3FaultProxy {
  faults: Faults = {};
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  /** Bytes that have come from the server. */
  answerBytes = 0;
  connections = 0;

  private constructor(
    private readonly targetPort: number,
    private readonly secure: CertificateFiles | undefined,
  ) {
    const accept = (socket: Socket): void => this.#serve(socket);
    this.#server =
      secure === undefined
        ? createTcpServer(accept)
        : createTlsServer({ cert: readFileSync(secure.certificate), key: readFileSync(secure.key) }, accept);
    this.#server.on('tlsClientError', () => undefined);
  }

  /** @param secure what it shows to clients that are to speak TLS to it. */
  static async start(targetPort: number, secure?: CertificateFiles): Promise<S3FaultProxy> {
    const proxy = new S3FaultProxy(targetPort, secure);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.secure === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  }

  /** Connections to clients now. */
  get open(): number {
    return this.#sockets.size / 2;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    this.connections++;
    const server = connect(this.targetPort, '127.0.0.1');
    const cut = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', cut);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    let requested = 0;
    let answered = 0;
    client.on('data', (bytes: Buffer) => {
      requested += bytes.length;
      if (this.faults.answer !== undefined) client.end(this.faults.answer);
      else if (requested > (this.faults.cutRequestAfterBytes ?? Infinity)) cut();
      else forward(client, server, bytes);
    });
    server.on('data', (bytes: Buffer) => {
      this.answerBytes += bytes.length;
      const room = (this.faults.cutAnswerAfterBytes ?? Infinity) - answered;
      answered += bytes.length;
      if (bytes.length <= room) void this.#pass(server, client, bytes);
      else client.write(bytes.subarray(0, Math.max(0, room)), cut);
    });
  }

  async #pass(server: Socket, client: Socket, bytes: Buffer): Promise<void> {
    const { pieceBytes = bytes.length } = this.faults;
    server.pause();
    for (let from = 0; from < bytes.length && !client.destroyed; from += pieceBytes) {
      if (!client.write(bytes.subarray(from, from + pieceBytes))) await drained(client);
      if (pieceBytes < bytes.length) await new Promise((resolve) => setImmediate(resolve));
    }
    server.resume();
  }
}

function forward(from: Socket, to: Socket, bytes: Buffer): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

async function drained(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      socket.off('drain', settle).off('close', settle);
      resolve();
    };
    socket.on('drain', settle).on('close', settle);
  });
}

/** An answer of S3 that is an error. */
export function errorAnswer(status: number, code: string): string {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>because</Message></Error>`;
  return [
    `HTTP/1.1 ${status} Error`,
    'Content-Type: application/xml',
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
