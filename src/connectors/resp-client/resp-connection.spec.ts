import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, Socket } from 'node:net';
import { RespConnection } from './resp-connection.js';
import { encodeSet } from './resp-request.js';

const MIB = 1024 * 1024;

type WriteMany = (chunks: unknown, done: (error?: Error | null) => void) => void;

describe('RespConnection: a reply that comes before the socket says that the request is sent', () => {
  let server: Server;

  afterEach(() => {
    jest.restoreAllMocks();
    server.close();
  });

  /** @param onData tells the server to answer. */
  async function connectTo(onData: (received: number, client: Socket) => void): Promise<RespConnection> {
    server = createServer((client) => {
      let received = 0;
      client.on('error', () => undefined);
      client.on('data', ({ length }) => onData((received += length), client));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const connection = new RespConnection({ label: 'resp://test', address: { host: '127.0.0.1', port } });
    await connection.connected;
    return connection;
  }

  it('is an ordinary one where the socket says so in the same turn', async () => {
    // A real socket does so now and then, and not when a test needs it.
    const reports: (() => void)[] = [];
    const prototype = Socket.prototype as unknown as { _writev: WriteMany };
    const writeMany = prototype._writev;
    jest.spyOn(prototype, '_writev').mockImplementation(function (this: Socket, chunks, done) {
      writeMany.call(this, chunks, (error) => reports.push(() => done(error)));
    });
    const request = encodeSet('key', [Buffer.alloc(MIB)]);
    const requestBytes = request.reduce((sum, { length }) => sum + length, 0);
    const connection = await connectTo((received, client) => {
      if (received === requestBytes) client.write('+OK\r\n');
    });
    const take = connection.onBytes.bind(connection);
    jest.spyOn(connection, 'onBytes').mockImplementation((bytes) => {
      take(bytes);
      for (const report of reports.splice(0)) report();
    });
    expect(await connection.call(request, { isLong: true })).toEqual(['OK']);
    expect(connection.isReusable).toBe(true);
    connection.destroy();
  });

  it('ends the connection before the caller has it, where the server has stopped reading', async () => {
    const connection = await connectTo((_, client) => {
      client.pause();
      client.write('+OK\r\n');
    });
    expect(await connection.call(encodeSet('key', [Buffer.alloc(64 * MIB)]), { isLong: true })).toEqual([
      'OK',
    ]);
    expect(connection.isOpen).toBe(false);
  });
});
