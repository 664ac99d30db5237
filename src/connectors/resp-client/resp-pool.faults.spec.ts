import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { errorOf } from '../../../test/contracts/backend/backend-world.js';
import { chunkBytes } from '../../../test/contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../../../test/support/eventually.js';
import { respPoolClient, type RespPoolClient } from '../../../test/support/resp-pool-client.js';
import { RespErrorReply } from '../../protocols/resp/resp-reply.interface.js';
import { encodeCommand } from './resp-request.js';

const MIB = 1024 * 1024;
const UNREACHABLE: unknown = expect.objectContaining({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });

describe('RespPool: servers that misbehave, each played by a few lines', () => {
  let server: Server;
  let client: RespPoolClient;
  const sockets = new Set<Socket>();

  async function play(onData: (socket: Socket, data: Buffer) => void): Promise<void> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      socket.on('data', (data: Buffer) => onData(socket, data));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = respPoolClient((server.address() as AddressInfo).port, { connectTimeoutMs: 10_000 });
  }

  afterEach(() => {
    client.pool.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('one that speaks another protocol', async () => {
    await play((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await errorOf(() => client.ask('PING'))).toMatchObject({ code: 'KV_REMOTE_PROTOCOL' });
  });

  it('one that answers more than was asked', async () => {
    await play((socket) => socket.write('+OK\r\n+OK\r\n'));
    expect(await client.ask('PING')).toBe('OK');
    await expectEventually(() => sockets.size === 0);
    expect(await client.ask('PING')).toBe('OK');
  });

  it('one that hangs up in the midst of a value, and leaves the rest to the caller', async () => {
    await play((socket) => socket.end(`$${MIB}\r\n${'x'.repeat(5_000)}`));
    expect(await errorOf(() => client.get('key'))).toEqual(UNREACHABLE);
  });

  it('one that answers before it has read, and hangs up', async () => {
    await play((socket) => socket.end('-ERR Protocol error: invalid bulk length\r\n'));
    const outcome = await client.set('key', [chunkBytes(32 * MIB)]).catch((error: unknown) => error);
    expect([new RespErrorReply('ERR Protocol error: invalid bulk length'), UNREACHABLE]).toContainEqual(
      outcome,
    );
    await expectEventually(() => sockets.size === 0);
  });

  it('one that answers before it has read, and reads no more', async () => {
    const asked: string[] = [];
    await play((socket, data) => {
      asked.push(data.toString('latin1', 0, 20));
      if (!data.includes('SET')) return void socket.write('+OK\r\n');
      socket.pause();
      socket.write('-ERR enough\r\n');
    });
    expect(await client.set('key', [chunkBytes(64 * MIB)])).toEqual(new RespErrorReply('ERR enough'));
    expect(await client.get('key')).toBe('OK');
    expect(asked.at(-1)).toContain('GET');
  });

  it('one that hangs on one connection: others find another, and who waits goes on waiting', async () => {
    let connections = 0;
    const numbers = new Map<Socket, number>();
    await play((socket) => {
      if (!numbers.has(socket)) numbers.set(socket, ++connections);
      if (numbers.get(socket) !== 1) socket.write('+OK\r\n');
    });
    const waiting = client.ask('FIRST');
    const abort = new AbortController();
    const second = errorOf(() => client.pool.ask([encodeCommand('SECOND')], { signal: abort.signal }));
    await expectEventually(() => connections === 1);
    abort.abort();
    expect(await second).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    expect(await client.ask('THIRD')).toBe('OK');
    expect(sockets.size).toBe(2);
    const [hanging] = sockets;
    hanging!.write('+FIRST\r\n+SECOND\r\n');
    expect(await waiting).toBe('FIRST');
    await expectEventually(() => sockets.size === 1);
  });

  it('a caller who leaves a reply behind does not leave it to the next one', async () => {
    await play((socket, data) => socket.write(data.includes('late') ? '+late\r\n' : '+OK\r\n'));
    await client.pool.lease((connection) => {
      connection.call([encodeCommand('GET', 'late')]).catch(() => undefined);
      return Promise.resolve();
    });
    expect(await client.get('key')).toBe('OK');
  });

  it('one that accepts and never signs in', async () => {
    await play(() => undefined);
    client = respPoolClient((server.address() as AddressInfo).port, {
      connectTimeoutMs: 50,
      clientName: 'me',
    });
    expect(await errorOf(() => client.ask('PING'))).toMatchObject({ code: 'KV_REMOTE_TIMEOUT' });
  });
});
