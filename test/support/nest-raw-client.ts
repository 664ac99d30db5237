import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface NestPacket {
  readonly id: string;
  readonly response?: unknown;
  readonly err?: unknown;
  readonly isDisposed?: boolean;
}

/** A connection that sends whatever bytes a test wants to the door for Nest clients, and reads only when it is told to. */
export class NestRawClient implements Disposable {
  readonly packets: NestPacket[] = [];
  #text = '';
  #closed = false;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.#closed = true));
  }

  static async open(port: number): Promise<NestRawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new NestRawClient(socket);
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(message: unknown): void {
    const text = JSON.stringify(message);
    this.socket.write(`${text.length}#${text}`);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    for (;;) {
      const end = this.#text.indexOf('#');
      const length = Number(this.#text.slice(0, end));
      if (end === -1 || this.#text.length < end + 1 + length) return;
      this.packets.push(JSON.parse(this.#text.slice(end + 1, end + 1 + length)) as NestPacket);
      this.#text = this.#text.slice(end + 1 + length);
    }
  }
}
