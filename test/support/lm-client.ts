import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  decodeLmReply,
  encodeLmRequest,
  LM_CODES,
  LM_COMMANDS,
  LM_REPLY_BYTES,
  type LmReply,
} from '../../src/protocols/lm/lm-message.js';
import { type RemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';

/** A plain client of `lm://`: what it sends and what comes back, to the byte. */
export class LmTestClient implements Disposable {
  /** Resolves when the server has hung up, with whether it did so by a reset. */
  readonly closed: Promise<boolean>;
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;
  #isClosed = false;
  #wake: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#receivedBytes += chunk.length;
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      let reset = false;
      socket.on('error', () => (reset = true));
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve(reset);
      });
    });
  }

  static async open(port: number): Promise<LmTestClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new LmTestClient(socket);
  }

  put(key: string, metadata: RemoteMetadata, bytes: Buffer): void {
    this.socket.write(encodeLmRequest(LM_COMMANDS.PUT, key, metadata));
    this.socket.write(bytes);
  }

  /** The chunk's bytes with what the header told, undefined on a miss. */
  async get(key: string): Promise<{ metadata: RemoteMetadata; bytes: Buffer } | undefined> {
    this.socket.write(encodeLmRequest(LM_COMMANDS.GET, key));
    return this.nextChunk();
  }

  async nextChunk(): Promise<{ metadata: RemoteMetadata; bytes: Buffer } | undefined> {
    const { code, metadata } = await this.reply();
    if (code !== LM_CODES.SUCCESS) return undefined;
    return { metadata, bytes: await this.bytes(metadata.lengthBytes) };
  }

  async exists(key: string): Promise<boolean> {
    this.socket.write(encodeLmRequest(LM_COMMANDS.EXIST, key));
    return (await this.reply()).code === LM_CODES.SUCCESS;
  }

  async health(): Promise<number> {
    this.socket.write(encodeLmRequest(LM_COMMANDS.HEALTH, 'any'));
    return (await this.reply()).code;
  }

  async reply(): Promise<LmReply> {
    const reply = decodeLmReply(await this.bytes(LM_REPLY_BYTES));
    if (typeof reply === 'string') throw new Error(reply);
    return reply;
  }

  /** The next bytes, whatever they are. */
  async bytes(length: number): Promise<Buffer> {
    while (this.#receivedBytes < length) {
      if (this.#isClosed) throw new Error(`closed after ${this.#receivedBytes} bytes`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const received = Buffer.concat(this.#received.splice(0));
    this.#receivedBytes -= length;
    this.#received.push(received.subarray(length));
    return received.subarray(0, length);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
