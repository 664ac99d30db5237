import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { packValue } from '../../../src/protocols/mooncake/struct-pack.js';
import { type WireValue } from '../../../src/protocols/mooncake/wire-value.js';

const REQUEST_HEADER_BYTES = 20;

/** What is said to a request: a value of a type, a fault of the RPC, nothing at all, or bytes that are no reply. */
export type ScriptedReply =
  | { readonly literal: string; readonly value: WireValue }
  | { readonly fault: number }
  | { readonly raw: string }
  | 'silence'
  | 'hang-up';

/** A master in the place of a real one, for what no real one can be made to say. It counts what it is asked. */
export class MooncakeScriptedMaster implements AsyncDisposable {
  asked = 0;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** @param reply to the request of so many, from 0, on any connection. */
  static async start(reply: (nth: number) => ScriptedReply): Promise<MooncakeScriptedMaster> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const master = new MooncakeScriptedMaster(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => master.#serve(socket, reply));
    return master;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #serve(socket: Socket, reply: (nth: number) => ScriptedReply): void {
    this.#sockets.add(socket);
    let pending: Buffer = Buffer.alloc(0);
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        pending = Buffer.concat([pending, bytes]);
        while (pending.length >= REQUEST_HEADER_BYTES) {
          const end = REQUEST_HEADER_BYTES + pending.readUInt32LE(12);
          if (pending.length < end) return;
          this.#answer(socket, pending.readUInt32LE(4), reply(this.asked++));
          pending = pending.subarray(end);
        }
      });
  }

  #answer(socket: Socket, sequence: number, reply: ScriptedReply): void {
    if (reply === 'hang-up') socket.destroy();
    if (typeof reply === 'string') return;
    if ('raw' in reply) {
      socket.write(reply.raw);
      return;
    }
    const fault = 'fault' in reply ? reply.fault : 0;
    const body =
      'fault' in reply ? Buffer.alloc(0) : packValue(Buffer.from(reply.literal, 'hex'), reply.value);
    const header = Buffer.alloc(16);
    header.writeUInt8(0x15, 0);
    header.writeUInt8(fault, 2);
    header.writeUInt32LE(sequence, 4);
    header.writeUInt32LE(body.length, 8);
    socket.write(Buffer.concat([header, body]));
  }
}
