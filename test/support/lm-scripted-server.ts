import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  decodeLmRequest,
  encodeLmReply,
  LM_CODES,
  LM_COMMANDS,
  LM_REQUEST_BYTES,
} from '../../src/protocols/lm/lm-message.js';

/** One accepted connection, for a script that reads and writes bytes. */
export class ScriptedSocket {
  readonly #iterator: NodeJS.AsyncIterator<Buffer>;
  readonly #received: Buffer[] = [];
  #receivedBytes = 0;

  constructor(readonly socket: Socket) {
    socket.on('error', () => undefined);
    this.#iterator = socket[Symbol.asyncIterator]() as NodeJS.AsyncIterator<Buffer>;
  }

  /** The next bytes of the client. @throws when it hangs up before. */
  async bytes(length: number): Promise<Buffer> {
    while (this.#receivedBytes < length) {
      const { done, value } = await this.#iterator.next();
      if (done === true)
        throw new Error(`the client hung up after ${this.#receivedBytes} of ${length} bytes`);
      this.#received.push(value);
      this.#receivedBytes += value.length;
    }
    const received = Buffer.concat(this.#received.splice(0));
    this.#received.push(received.subarray(length));
    this.#receivedBytes -= length;
    return received.subarray(0, length);
  }

  send(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }
}

/** Answers the question with which the connector connects, and goes on with the script. */
export function afterGreeting(script: (client: ScriptedSocket) => Promise<void>) {
  return async (client: ScriptedSocket): Promise<void> => {
    const request = decodeLmRequest(await client.bytes(LM_REQUEST_BYTES));
    if (typeof request === 'string' || request.command !== LM_COMMANDS.HEALTH)
      throw new Error('it was not asked how it is');
    client.send(encodeLmReply(LM_CODES.SUCCESS));
    await script(client);
  };
}

/**
 * A server that does what a test tells it: for faults that no real server shows when it is asked to, and for recorded
 * answers. The n-th connection runs the n-th script, the last one is for all that follow.
 */
export class ScriptedServer implements AsyncDisposable {
  /** What scripts threw, but for clients that hung up. */
  readonly failures: unknown[] = [];
  connections = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(
    ...scripts: readonly ((socket: ScriptedSocket) => Promise<void>)[]
  ): Promise<ScriptedServer> {
    const server = createServer();
    const scripted = new ScriptedServer(server);
    server.on('connection', (socket) => {
      scripted.#sockets.add(socket);
      const script = scripts[Math.min(scripted.connections++, scripts.length - 1)]!;
      script(new ScriptedSocket(socket)).catch((error: unknown) => {
        socket.destroy();
        if (!isHangUp(error)) scripted.failures.push(error);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    if (this.server.listening) await once(this.server, 'close');
  }
}

/** An error of node is no `Error` of the tests' own realm. */
function isHangUp(error: unknown): boolean {
  return /hung up|ECONNRESET/.test(String(error));
}
