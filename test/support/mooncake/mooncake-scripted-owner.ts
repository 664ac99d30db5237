import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

type Act = (socket: Socket) => void;

export interface OwnerScript {
  /** What it does when somebody wants to know how it is reached. Default: says so. */
  readonly onHandshake?: Act;
  /** What it does when the first bytes of a connection for data come. */
  readonly onTransfer?: Act;
}

/** An owner of memory in the place of a real one, for what no real one can be made to do. */
export class MooncakeScriptedOwner implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  readonly #servers: Server[] = [];
  endpoint = '';

  static async start({
    onHandshake,
    onTransfer = () => undefined,
  }: OwnerScript): Promise<MooncakeScriptedOwner> {
    const owner = new MooncakeScriptedOwner();
    const dataPort = await owner.#listen((socket) => socket.once('data', () => onTransfer(socket)));
    const segment = { tcp_data_port: dataPort, tcp_proto_version: 2, buffers: [{ length: 2 ** 30 }] };
    const port = await owner.#listen(onHandshake ?? ((socket) => socket.write(handshake(segment))));
    owner.endpoint = `127.0.0.1:${port}`;
    return owner;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) {
      server.close();
      await once(server, 'close');
    }
  }

  async #listen(onConnection: Act): Promise<number> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      onConnection(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }
}

/** What an owner says of itself, well formed but for what it says. */
export function handshake(content: unknown, type = 1): Buffer {
  const text = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const head = Buffer.alloc(9);
  head.writeBigUInt64LE(BigInt(1 + text.length));
  head.writeUInt8(type, 8);
  return Buffer.concat([head, text]);
}
