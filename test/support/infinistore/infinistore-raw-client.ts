import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeGet, encodePut } from '../../../src/protocols/infinistore/infinistore-request.js';

/** A client of InfiniStore that does what it is told, also what a client must never do. */
export class InfinistoreRawClient implements Disposable {
  readonly #parts: Buffer[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.#parts.push(bytes);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  static async connect(port: number): Promise<InfinistoreRawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new InfinistoreRawClient(socket);
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.cork();
    for (const part of parts) this.socket.write(part);
    this.socket.uncork();
  }

  /** The next bytes that come in. @throws when the connection ends before. */
  async bytes(length: number): Promise<Buffer> {
    for (;;) {
      const all = Buffer.concat(this.#parts.splice(0));
      if (all.length >= length) {
        if (all.length > length) this.#parts.push(all.subarray(length));
        return all.subarray(0, length);
      }
      if (all.length > 0) this.#parts.push(all);
      if (this.#isClosed) throw new Error('the connection ended');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The code of a reply, and the number behind it where the code is 200. */
  async ask(request: Uint8Array): Promise<readonly [code: number, number: number]> {
    this.send(request);
    const code = (await this.bytes(4)).readInt32LE(0);
    return [code, code === 200 ? (await this.bytes(4)).readInt32LE(0) : 0];
  }

  /** @returns the code. */
  async put(key: string, value: Uint8Array): Promise<number> {
    this.send(encodePut(key, value.length), value);
    return (await this.bytes(4)).readInt32LE(0);
  }

  /** The value, or the code. */
  async get(key: string): Promise<Buffer | number> {
    const [code, lengthBytes] = await this.ask(encodeGet(key));
    return code === 200 ? this.bytes(lengthBytes) : code;
  }

  /** The connection ends at once, whatever is on its way. */
  [Symbol.dispose](): void {
    this.socket.resetAndDestroy();
  }
}

/** Puts the beginning of a value and goes: the key is there then, and kills the server when it is read or removed. */
export async function cutPut(port: number, key: string, lengthBytes: number): Promise<void> {
  using client = await InfinistoreRawClient.connect(port);
  client.send(encodePut(key, lengthBytes), Buffer.alloc(Math.min(1_000, lengthBytes - 1)));
  await new Promise<void>((resolve) => client.socket.write('', () => resolve()));
}
