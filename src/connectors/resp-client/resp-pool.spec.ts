import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { errorOf } from '../../../test/contracts/backend/backend-world.js';
import { chunkBytes } from '../../../test/contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../../../test/support/eventually.js';
import { describeWithPeer, missingCommand } from '../../../test/support/peer.js';
import { respPoolClient, type RespPoolClient, TestSink } from '../../../test/support/resp-pool-client.js';
import { RedisServer } from '../../../test/support/resp-redis-server.js';
import { RespBody, RespErrorReply } from '../../protocols/resp/resp-reply.interface.js';
import { encodeCommand } from './resp-request.js';

const MIB = 1024 * 1024;
const UNREACHABLE: unknown = expect.objectContaining({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });
const ABORTED: unknown = expect.objectContaining({ code: 'KV_REMOTE_ABORTED' });

describeWithPeer(missingCommand('redis-server', ['--version']))('RespPool: a real Redis', () => {
  let server: RedisServer;
  let client: RespPoolClient;

  beforeAll(async () => void (server = await RedisServer.start('--enable-debug-command', 'yes')));
  afterAll(() => server.stop());
  beforeEach(async () => {
    client = respPoolClient(server.port, { clientName: 'kvnest-test' });
    await client.ask('FLUSHALL');
  });
  afterEach(() => client.pool.close());

  it.each([0, 1, 1023, 1024, 65_535, 65_536, 3 * MIB + 1])(
    'writes and reads %i bytes',
    async (lengthBytes) => {
      const value = chunkBytes(lengthBytes);
      const middle = Math.floor(lengthBytes / 3);
      expect(await client.set('key', [value.subarray(0, middle), value.subarray(middle)])).toBe('OK');
      expect(value.equals((await client.get('key')) as Buffer)).toBe(true);
    },
  );

  it('sends several commands at once, and gives their replies in order', async () => {
    await client.set('long', [chunkBytes(200_000)]);
    const request = [encodeCommand('SET', 'a', '1'), encodeCommand('GET', 'a'), encodeCommand('GET', 'none')];
    expect(await client.pool.ask(request, { replies: 3 })).toEqual(['OK', Buffer.from('1'), null]);
    const replies = await client.pool.lease(async (connection) => {
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
    await client.set('long', [chunkBytes(MIB)]);
    const unwanted = { onBody: () => undefined };
    expect(
      await client.pool.lease((connection) => connection.call([encodeCommand('GET', 'long')], unwanted)),
    ).toEqual([new RespBody(MIB)]);
    expect(chunkBytes(MIB).equals((await client.ask('GET', 'long')) as Buffer)).toBe(true);
  });

  it('gives what the server says against a command as a value', async () => {
    expect(await client.ask('LPOP')).toEqual(
      new RespErrorReply("ERR wrong number of arguments for 'lpop' command"),
    );
    expect(await client.ask('PING')).toBe('PONG');
  });

  it('opens no more connections than allowed, keeps them, and serves in order who waits', async () => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        await client.set(`key-${i}`, [chunkBytes(50_000, i)]);
        order.push(i);
      }),
    );
    expect(order).toHaveLength(10);
    const clients = String(await client.ask('CLIENT', 'LIST'));
    expect(clients.match(/name=kvnest-test/g)).toHaveLength(3);
  });

  it('gives up a value that is half way without harm to others', async () => {
    await client.set('long', [chunkBytes(8 * MIB)]);
    const abort = new AbortController();
    const aborted = client.pool
      .lease(async (connection) => {
        const onBody = (lengthBytes: number): TestSink => {
          abort.abort();
          return new TestSink(lengthBytes);
        };
        return connection.call([encodeCommand('GET', 'long')], { onBody, signal: abort.signal });
      }, abort.signal)
      .catch((error: unknown) => error);
    const other = client.get('long');
    expect(await aborted).toEqual(ABORTED);
    expect(chunkBytes(8 * MIB).equals((await other) as Buffer)).toBe(true);
    expect(chunkBytes(8 * MIB).equals((await client.get('long')) as Buffer)).toBe(true);
  });

  it('gives up the connection with a value that is half way, and tells who else is on it', async () => {
    await client.set('long', [chunkBytes(8 * MIB)]);
    const abort = new AbortController();
    const [half, other] = await client.pool.lease((connection) => {
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
      client.pool.lease(async (connection) => {
        const call = (): Promise<unknown> =>
          connection.call([encodeCommand('BLPOP', 'never', '0')], { signal: blocked.signal, isLong: true });
        const [first, second] = await Promise.allSettled([call(), call()]);
        expect(second).toEqual({ status: 'rejected', reason: ABORTED });
        throw (first as PromiseRejectedResult).reason;
      });
    const running = [block(), block()].map((call) => errorOf(() => call));
    const waits = errorOf(() => client.get('key', waiting.signal));
    waiting.abort();
    expect(await waits).toEqual(ABORTED);
    await expectEventually(async () =>
      String(await client.ask('INFO', 'clients')).includes('blocked_clients:2'),
    );
    blocked.abort();
    for (const error of await Promise.all(running)) expect(error).toEqual(ABORTED);
    expect(await client.get('key')).toBeNull();
  });

  it('does not wait for a small reply that a silent server owes', async () => {
    await client.ask('PING');
    const abort = new AbortController();
    const sleeping = errorOf(() => client.ask('DEBUG', 'SLEEP', '0.3'));
    const call = errorOf(() => client.pool.ask([encodeCommand('PING')], { signal: abort.signal }));
    abort.abort();
    expect(await call).toEqual(ABORTED);
    expect(await client.ask('PING')).toBe('PONG');
    await sleeping;
  });

  it.each(['small command', 'value'])(
    'makes a call once more whose connection was dead before: %s',
    async (kind) => {
      const call = kind === 'value' ? () => client.get('key') : () => client.ask('GET', 'key');
      await client.set('key', [Buffer.from('here')]);
      await call();
      const killer = respPoolClient(server.port);
      try {
        // Its reply is here before the pool has read that its own connections are gone.
        await killer.ask('CLIENT', 'KILL', 'TYPE', 'normal');
        expect(await call()).toEqual(Buffer.from('here'));
      } finally {
        killer.pool.close();
      }
    },
  );

  it('rejects what runs when it is closed', async () => {
    const running = errorOf(() =>
      client.pool.lease((connection) => connection.call([encodeCommand('BLPOP', 'never', '0')])),
    );
    const small = errorOf(() => client.ask('PING'));
    client.pool.close();
    for (const error of [await running, await small, await errorOf(() => client.ask('PING'))]) {
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
    client = respPoolClient(server.port, options);
    expect(await errorOf(() => client.ask('PING'))).toMatchObject({ code });
    expect(await errorOf(() => client.get('key'))).toMatchObject({ code });
  });
});
