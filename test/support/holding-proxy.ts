import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Held {
  readonly client: Socket;
  readonly target: Socket;
  readonly bytes: Buffer[];
  hasEnded: boolean;
}

/**
 * Stands before a real server and holds back what one client connection sends, its end included, as a network does in
 * which packets are late. A fake, because no real network is late when it is asked to be.
 */
export class HoldingProxy implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  #held: Held | undefined;
  #speakers = 0;
  #holdsNext = false;
  #holdsAfterBytes = Infinity;
  /** Whoever connects is turned away. */
  isDown = false;
  /** Called with what the real server answers, before that goes on. */
  onAnswer: ((bytes: Buffer) => void) | undefined;

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (client) => this.#accept(client));
  }

  static async start(targetPort: number): Promise<HoldingProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new HoldingProxy(server, targetPort);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections of clients that have sent something. */
  get speakers(): number {
    return this.#speakers;
  }

  get heldBytes(): number {
    return this.#held?.bytes.reduce((sum, { length }) => sum + length, 0) ?? 0;
  }

  /** The connection that sends something next is the one. */
  holdNext(): void {
    this.#holdsNext = true;
  }

  /** The connection that has sent so many bytes is the one. These go through, and hardly more is taken from it. */
  holdAfter(bytes: number): void {
    this.#holdsAfterBytes = bytes;
  }

  /** Sends on what was held back. */
  release(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    for (const bytes of held.bytes) held.target.write(bytes);
    held.client.resume();
    if (held.hasEnded) held.target.end();
  }

  /** Ends the connection that is held back, and forgets what it sent. */
  cut(): void {
    const { client, target } = this.#held ?? {};
    this.#held = undefined;
    for (const socket of [target, client]) {
      // One that is ending cannot be reset any more.
      if (socket?.writableEnded === true) socket.destroy();
      else socket?.resetAndDestroy();
    }
  }

  /** Ends all connections. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    this.server.close();
    await once(this.server, 'close');
  }

  #accept(client: Socket): void {
    if (this.isDown) {
      client.destroy();
      return;
    }
    const target = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    }
    let sentBytes = 0;
    client.on('data', (bytes: Buffer) => {
      const hasSentEnough = sentBytes >= this.#holdsAfterBytes;
      if (hasSentEnough) client.pause();
      if (this.#holdsNext || hasSentEnough) {
        this.#held = { client, target, bytes: [], hasEnded: false };
        this.#holdsNext = false;
        this.#holdsAfterBytes = Infinity;
      }
      if (sentBytes === 0) this.#speakers++;
      sentBytes += bytes.length;
      if (this.#held?.client === client) this.#held.bytes.push(bytes);
      else target.write(bytes);
    });
    const onEnd = (): void => {
      if (this.#held?.client === client) this.#held.hasEnded = true;
      else target.end();
    };
    client.on('end', onEnd);
    // Without an end where it was reset.
    client.on('close', onEnd);
    target.on('data', (bytes: Buffer) => this.onAnswer?.(bytes));
    target.pipe(client);
    target.on('close', () => client.destroy());
  }
}
