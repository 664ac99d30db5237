import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const HEADER_BYTES = 9;
const TRANSFER = 'L';
const LENGTH_AT = HEADER_BYTES + 24;
const KIND_AT = HEADER_BYTES + 28;

/** `C`, `M`, `X`: a question; `G`: a value is wanted; `P`: one is announced; `V`: all of it is here. */
export type ScriptedEvent = 'C' | 'M' | 'X' | 'G' | 'P' | 'V';

/** A server in the place of a real one, for what no real one can be made to say: it answers what it is told to. */
export class InfinistoreScriptedServer implements AsyncDisposable {
  readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(
    onEvent: (event: ScriptedEvent, socket: Socket) => void,
  ): Promise<InfinistoreScriptedServer> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const scripted = new InfinistoreScriptedServer(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => scripted.#serve(socket, onEvent));
    return scripted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #serve(socket: Socket, onEvent: (event: ScriptedEvent, socket: Socket) => void): void {
    this.sockets.add(socket);
    let pending: Buffer = Buffer.alloc(0);
    let valueBytes = 0;
    const onBytes = (bytes: Buffer): void => {
      const taken = Math.min(valueBytes, bytes.length);
      if (taken > 0) {
        valueBytes -= taken;
        if (valueBytes === 0) onEvent('V', socket);
      }
      pending = Buffer.concat([pending, bytes.subarray(taken)]);
      if (pending.length < HEADER_BYTES || pending.length < HEADER_BYTES + pending.readUInt32LE(5)) return;
      const request = pending;
      pending = Buffer.alloc(0);
      const op = request.toString('latin1', 4, 5);
      const event = op === TRANSFER ? request.toString('latin1', KIND_AT, KIND_AT + 1) : op;
      if (event === 'P') valueBytes = request.readInt32LE(LENGTH_AT);
      onEvent(event as ScriptedEvent, socket);
      onBytes(request.subarray(HEADER_BYTES + request.readUInt32LE(5)));
    };
    socket
      .on('error', () => undefined)
      .on('close', () => this.sockets.delete(socket))
      .on('data', onBytes);
  }
}

/** As the server writes them. */
export function int32s(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeInt32LE(number, 4 * i);
  return bytes;
}
