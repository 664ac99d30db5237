import { createServer, type Server, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { chunkBytes } from '../../../test/contracts/chunks/chunk-bytes.js';
import { errorOf } from '../../../test/contracts/backend/backend-world.js';
import { expectEventually } from '../../../test/support/eventually.js';
import { describeWithPeer, missingCommand } from '../../../test/support/peer.js';
import { RedisServer } from '../../../test/support/resp-redis-server.js';
import { RespBody, RespErrorReply } from '../../protocols/resp/resp-reply.interface.js';
import { type BodySink } from './body-sink.interface.js';
import { openRespConnection, type OpenRespOptions } from './open-resp-connection.js';
import { RespPool } from './resp-pool.js';
import { encodeCommand, encodeSet } from './resp-request.js';

const MIB = 1024 * 1024;
const UNREACHABLE: unknown = expect.objectContaining({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });

const ABORTED: unknown = expect.objectContaining({ code: 'KV_REMOTE_ABORTED' });

/** Takes a bulk in pieces of odd sizes. */
class TestSink implements BodySink {
  readonly bytes: Buffer;
  #at = 0;

  constructor(lengthBytes: number) {
    this.bytes = Buffer.alloc(lengthBytes);
  }

  target(maxBytes: number): Buffer {
    return this.bytes.subarray(this.#at, this.#at + Math.min(maxBytes, 100_003));
  }

  advance(bytes: number): void {
    this.#at += bytes;
  }

  write(bytes: Uint8Array): number {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return bytes.length;
  }
}

let pool: RespPool;

function poolOf(port: number, options: Partial<OpenRespOptions> = {}, connections = 2): RespPool {
  const all = {
    label: 'resp://test',
    address: { host: '127.0.0.1', port },
    connectTimeoutMs: 5_000,
    ...options,
  };
  return new RespPool({ label: all.label, connections, open: (signal) => openRespConnection(all, signal) });
}

async function ask(...args: readonly (string | Buffer)[]): Promise<unknown> {
  const [reply] = await pool.ask([encodeCommand(...args)]);
  return reply;
}

async function get(key: string, signal?: AbortSignal): Promise<unknown> {
  return pool.lease(async (connection) => {
    let sink: TestSink | undefined;
    const onBody = (lengthBytes: number): TestSink => (sink = new TestSink(lengthBytes));
    const [reply] = await connection.call([encodeCommand('GET', key)], { onBody, signal });
    return reply instanceof RespBody ? sink!.bytes : reply;
  }, signal);
}

async function set(key: string, value: readonly Buffer[], signal?: AbortSignal): Promise<unknown> {
  return pool.lease(async (connection) => {
    const [reply] = await connection.call(encodeSet(key, value), { isLong: true, signal });
    return reply;
  }, signal);
}

describeWithPeer(missingCommand('redis-server', ['--version']))('RespPool: a real Redis', () => {
  let server: RedisServer;

  beforeAll(async () => void (server = await RedisServer.start('--enable-debug-command', 'yes')));
  afterAll(() => server.stop());
  beforeEach(async () => {
    pool = poolOf(server.port, { clientName: 'kvnest-test' });
    await ask('FLUSHALL');
  });
  afterEach(() => pool.close());

  it.each([0, 1, 1023, 1024, 65_535, 65_536, 3 * MIB + 1])(
    'writes and reads %i bytes',
    async (lengthBytes) => {
      const value = chunkBytes(lengthBytes);
      const middle = Math.floor(lengthBytes / 3);
      expect(await set('key', [value.subarray(0, middle), value.subarray(middle)])).toBe('OK');
      expect(value.equals((await get('key')) as Buffer)).toBe(true);
    },
  );

  it('sends several commands at once, and gives their replies in order', async () => {
    await set('long', [chunkBytes(200_000)]);
    const request = [encodeCommand('SET', 'a', '1'), encodeCommand('GET', 'a'), encodeCommand('GET', 'none')];
    expect(await pool.ask(request, { replies: 3 })).toEqual(['OK', Buffer.from('1'), null]);
    const replies = await pool.lease(async (connection) => {
      const sinks: TestSink[] = [];
      const taken: number[] = [];
      const onBody = (lengthBytes: number, before: readonly unknown[]): TestSink => {
        taken.push(before.length);
        sinks.push(new TestSink(lengthBytes));
        return sinks.at(-1)!;
      };
      const commands = ['a', 'long', 'none', 'long'].map((key) => encodeCommand('GET', key));
      const answers = await connection.call(commands, { replies: 4, onBody });
      expect(taken).toEqual([1, 3]);
      for (const { bytes } of sinks) expect(bytes.equals(chunkBytes(200_000))).toBe(true);
      return answers;
    });
    expect(replies).toEqual([Buffer.from('1'), new RespBody(200_000), null, new RespBody(200_000)]);
  });

  it('drops a long value that nobody wants, and gathers it where nobody takes bodies', async () => {
    await set('long', [chunkBytes(MIB)]);
    const unwanted = { onBody: () => undefined };
    expect(
      await pool.lease((connection) => connection.call([encodeCommand('GET', 'long')], unwanted)),
    ).toEqual([new RespBody(MIB)]);
    expect(chunkBytes(MIB).equals((await ask('GET', 'long')) as Buffer)).toBe(true);
  });

  it('gives what the server says against a command as a value', async () => {
    expect(await ask('LPOP')).toEqual(new RespErrorReply("ERR wrong number of arguments for 'lpop' command"));
    expect(await ask('PING')).toBe('PONG');
  });

  it('opens no more connections than allowed, keeps them, and serves in order who waits', async () => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        await set(`key-${i}`, [chunkBytes(50_000, i)]);
        order.push(i);
      }),
    );
    expect(order).toHaveLength(10);
    const clients = String(await ask('CLIENT', 'LIST'));
    expect(clients.match(/name=kvnest-test/g)).toHaveLength(3);
  });

  it('gives up a value that is half way without harm to others', async () => {
    await set('long', [chunkBytes(8 * MIB)]);
    const abort = new AbortController();
    const aborted = pool
      .lease(async (connection) => {
        const onBody = (lengthBytes: number): TestSink => {
          abort.abort();
          return new TestSink(lengthBytes);
        };
        return connection.call([encodeCommand('GET', 'long')], { onBody, signal: abort.signal });
      }, abort.signal)
      .catch((error: unknown) => error);
    const other = get('long');
    expect(await aborted).toEqual(ABORTED);
    expect(chunkBytes(8 * MIB).equals((await other) as Buffer)).toBe(true);
    expect(chunkBytes(8 * MIB).equals((await get('long')) as Buffer)).toBe(true);
  });

  it('gives up the connection with a value that is half way, and tells who else is on it', async () => {
    await set('long', [chunkBytes(8 * MIB)]);
    const abort = new AbortController();
    const [half, other] = await pool.lease((connection) => {
      const onBody = (lengthBytes: number): TestSink => {
        abort.abort();
        expect(connection.isOpen).toBe(false);
        return new TestSink(lengthBytes);
      };
      const command = [encodeCommand('GET', 'long')];
      return Promise.all([
        connection.call(command, { onBody, signal: abort.signal }).catch((error: unknown) => error),
        connection.call(command).catch((error: unknown) => error),
      ]);
    });
    expect(half).toEqual(ABORTED);
    expect(other).toEqual(UNREACHABLE);
  });

  it('lets nobody wait who gave up, neither for a connection nor for a reply', async () => {
    const [blocked, waiting] = [new AbortController(), new AbortController()];
    const block = (): Promise<unknown> =>
      pool.lease(async (connection) => {
        const call = (): Promise<unknown> =>
          connection.call([encodeCommand('BLPOP', 'never', '0')], { signal: blocked.signal, isLong: true });
        const [first, second] = await Promise.allSettled([call(), call()]);
        expect(second).toEqual({ status: 'rejected', reason: ABORTED });
        throw (first as PromiseRejectedResult).reason;
      });
    const running = [block(), block()].map((call) => errorOf(() => call));
    const waits = errorOf(() => get('key', waiting.signal));
    waiting.abort();
    expect(await waits).toEqual(ABORTED);
    blocked.abort();
    for (const error of await Promise.all(running)) expect(error).toEqual(ABORTED);
    expect(await get('key')).toBeNull();
  });

  it('does not wait for a small reply that a silent server owes', async () => {
    await ask('PING');
    const abort = new AbortController();
    const sleeping = errorOf(() => ask('DEBUG', 'SLEEP', '0.3'));
    const call = errorOf(() => pool.ask([encodeCommand('PING')], { signal: abort.signal }));
    abort.abort();
    expect(await call).toEqual(ABORTED);
    expect(await ask('PING')).toBe('PONG');
    await sleeping;
  });

  it.each(['small command', 'value'])(
    'makes a call once more whose connection was dead before: %s',
    async (kind) => {
      const call = kind === 'value' ? () => get('key') : () => ask('GET', 'key');
      await set('key', [Buffer.from('here')]);
      await call();
      const killer = poolOf(server.port);
      try {
        // The pool learns of it only after it has sent the next command: nothing is read in between.
        const killed = killer.ask([encodeCommand('CLIENT', 'KILL', 'TYPE', 'normal')]);
        await killed;
        expect(await call()).toEqual(Buffer.from('here'));
      } finally {
        killer.close();
      }
    },
  );

  it('rejects what runs when it is closed', async () => {
    const running = errorOf(() =>
      pool.lease((connection) => connection.call([encodeCommand('BLPOP', 'never', '0')])),
    );
    const small = errorOf(() => ask('PING'));
    pool.close();
    for (const error of [await running, await small, await errorOf(() => ask('PING'))]) {
      expect(error).toMatchObject({ code: 'KV_REMOTE_CLOSED' });
    }
  });

  it.each([
    ['a password where none is wanted', { password: 'x' }, 'KV_REMOTE_REFUSED'],
    ['a database that does not exist', { database: 99 }, 'KV_REMOTE_REFUSED'],
    ['nobody listens', { address: { host: '127.0.0.1', port: 1 } }, 'KV_REMOTE_UNREACHABLE'],
    ['an unknown name', { address: { host: 'nowhere.invalid', port: 1 } }, 'KV_REMOTE_UNREACHABLE'],
    ['no socket', { address: { socketPath: '/nowhere/redis.sock' } }, 'KV_REMOTE_UNREACHABLE'],
  ])('cannot sign in: %s', async (_, options, code) => {
    pool = poolOf(server.port, options);
    expect(await errorOf(() => ask('PING'))).toMatchObject({ code });
    expect(await errorOf(() => get('key'))).toMatchObject({ code });
  });
});

describe('RespPool: servers that misbehave, each played by a few lines', () => {
  let server: Server;
  const sockets = new Set<Socket>();

  async function play(onData: (socket: Socket, data: Buffer) => void): Promise<void> {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
      socket.on('data', (data: Buffer) => onData(socket, data));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    pool = poolOf((server.address() as AddressInfo).port, { connectTimeoutMs: 200 });
  }

  afterEach(() => {
    pool.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('one that speaks another protocol', async () => {
    await play((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await errorOf(() => ask('PING'))).toMatchObject({ code: 'KV_REMOTE_PROTOCOL' });
  });

  it('one that answers more than was asked', async () => {
    await play((socket) => socket.write('+OK\r\n+OK\r\n'));
    expect(await ask('PING')).toBe('OK');
    await expectEventually(() => sockets.size === 0);
    expect(await ask('PING')).toBe('OK');
  });

  it('one that hangs up in the midst of a value, and leaves the rest to the caller', async () => {
    await play((socket) => socket.end(`$${MIB}\r\n${'x'.repeat(5_000)}`));
    expect(await errorOf(() => get('key'))).toEqual(UNREACHABLE);
  });

  it('one that answers before it has read, and hangs up', async () => {
    await play((socket) => socket.end('-ERR Protocol error: invalid bulk length\r\n'));
    const outcome = await set('key', [chunkBytes(32 * MIB)]).catch((error: unknown) => error);
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
    expect(await set('key', [chunkBytes(64 * MIB)])).toEqual(new RespErrorReply('ERR enough'));
    expect(await get('key')).toBe('OK');
    expect(asked.at(-1)).toContain('GET');
  });

  it('one that hangs on one connection: others find another, and who waits goes on waiting', async () => {
    let connections = 0;
    const numbers = new Map<Socket, number>();
    await play((socket) => {
      if (!numbers.has(socket)) numbers.set(socket, ++connections);
      if (numbers.get(socket) !== 1) socket.write('+OK\r\n');
    });
    const waiting = ask('FIRST');
    const abort = new AbortController();
    const second = errorOf(() => pool.ask([encodeCommand('SECOND')], { signal: abort.signal }));
    await expectEventually(() => connections === 1);
    abort.abort();
    expect(await second).toEqual(ABORTED);
    expect(await ask('THIRD')).toBe('OK');
    expect(sockets.size).toBe(2);
    const [hanging] = sockets;
    hanging!.write('+FIRST\r\n+SECOND\r\n');
    expect(await waiting).toBe('FIRST');
    await expectEventually(() => sockets.size === 1);
  });

  it('a caller who leaves a reply behind does not leave it to the next one', async () => {
    await play((socket, data) => socket.write(data.includes('late') ? '+late\r\n' : '+OK\r\n'));
    await pool.lease((connection) => {
      connection.call([encodeCommand('GET', 'late')]).catch(() => undefined);
      return Promise.resolve();
    });
    expect(await get('key')).toBe('OK');
  });

  it('one that accepts and never signs in', async () => {
    await play(() => undefined);
    pool = poolOf((server.address() as AddressInfo).port, { connectTimeoutMs: 50, clientName: 'me' });
    expect(await errorOf(() => ask('PING'))).toMatchObject({ code: 'KV_REMOTE_TIMEOUT' });
  });
});
