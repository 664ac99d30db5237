import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const CAPABILITY = Buffer.from('"announce"');
/** Of the same length, so that the frame stays whole. */
const UNKNOWN = Buffer.from('"renounce"');

/** A way to a server that says in its hello that it cannot announce: what an older version is to a reader. */
export class MutePeer implements AsyncDisposable {
  /** Where not, it is another way to a server that can. */
  isMute = true;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#join(socket));

  private constructor(private readonly target: URL) {}

  /** @param url `kvnest://host:port` of the server. */
  static async start(url: string): Promise<MutePeer> {
    const peer = new MutePeer(new URL(url));
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  get url(): string {
    return `kvnest://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections break, and can be made anew. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
    client.pipe(server);
    server.on('data', (bytes) => {
      const at = bytes.indexOf(CAPABILITY);
      if (this.isMute && at !== -1) bytes.set(UNKNOWN, at);
      client.write(bytes);
    });
  }
}
