import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { expectEventually } from '../support/eventually.js';
import { ManualClock } from '../support/clock.js';
import { RespTestClient, type RespReply } from '../support/resp-client.js';
import { createTestRespDoor, type TestRespDoor, type TestRespDoorOptions } from '../support/resp-door.js';

describe('RESP door: commands', () => {
  const clock = new ManualClock();
  let server: TestRespDoor;
  let client: RespTestClient;

  beforeEach(() => start({ clock }));
  afterEach(() => stop());

  async function start(options: TestRespDoorOptions): Promise<void> {
    server = await createTestRespDoor(options);
    client = await RespTestClient.open(server.port);
  }

  async function stop(): Promise<void> {
    client[Symbol.dispose]();
    await server.close();
  }

  async function restart(options: TestRespDoorOptions): Promise<void> {
    await stop();
    await start({ clock, ...options });
  }

  async function textOf(...command: readonly string[]): Promise<string> {
    return ((await client.call(...command)) as Buffer).toString();
  }

  it('stores a value and gives it back', async () => {
    for (const length of [0, 1, 1023, 1024, 4096, 4097, 100_000, 3_000_000]) {
      const value = Buffer.alloc(length, `${length}-`);
      expect(await client.call('SET', `k${length}`, value)).toBe('+OK');
      expect(await client.call('EXISTS', `k${length}`)).toBe(1);
      expect(value.equals((await client.call('GET', `k${length}`)) as Buffer)).toBe(true);
      expect(await client.call('STRLEN', `k${length}`)).toBe(length);
    }
    expect(server.references()).toBe(0);
  });

  it('answers a miss with a null of the protocol version', async () => {
    await client.send(Buffer.from('GET nothing\r\n'));
    expect(client.received.toString()).toBe('$-1\r\n');
    await client.call('HELLO', '3');
    await client.call('GET', 'nothing');
    expect(client.received.toString().endsWith('\r\n_\r\n')).toBe(true);
  });

  it('executes what is pipelined in order', async () => {
    const value = Buffer.alloc(200_000, 'v');
    client.socket.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n`);
    client.socket.write(value);
    client.socket.write('\r\nGET k\r\nDEL k\r\nGET k\r\nPING\r\n');
    expect(await client.next()).toBe('+OK');
    expect(value.equals((await client.next()) as Buffer)).toBe(true);
    expect([await client.next(), await client.next(), await client.next()]).toEqual([1, null, '+PONG']);
  });

  it('forgets what has expired', async () => {
    await client.call('SET', 'a', 'x', 'EX', '10');
    await client.call('SET', 'b', Buffer.alloc(5000), 'PX', '20500');
    expect(await client.call('TTL', 'b')).toBe(21);
    clock.advance(10_000);
    expect(await client.call('EXISTS', 'a', 'b')).toBe(1);
    expect(await client.call('EXPIRE', 'b', '-1')).toBe(1);
    expect(await client.call('GET', 'b')).toBeNull();
  });

  it('keeps databases apart', async () => {
    await client.call('SET', 'k', 'zero');
    await client.call('SELECT', '1');
    expect(await client.call('GET', 'k')).toBeNull();
    await client.call('SET', 'k', 'one');
    await client.call('FLUSHDB');
    expect(await client.call('DBSIZE')).toBe(0);
    await client.call('SELECT', '0');
    expect(await client.call('GET', 'k')).toEqual(Buffer.from('zero'));
  });

  it('tells who it is, in both protocols', async () => {
    expect((await client.call('HELLO')) as RespReply[]).toContainEqual(Buffer.from('standalone'));
    expect(await client.call('HELLO', '3', 'SETNAME', 'me')).toHaveProperty('map');
    expect(await client.call('CLIENT', 'GETNAME')).toEqual(Buffer.from('me'));
    const info = await textOf('INFO');
    for (const line of [
      'redis_version:7.0.15',
      `tcp_port:${server.port}`,
      'connected_clients:1',
      'loading:0',
    ]) {
      expect(info).toContain(`${line}\r\n`);
    }
    expect(await textOf('INFO', 'replication')).toBe(
      'txt:# Replication\r\nrole:master\r\nconnected_slaves:0\r\n',
    );
    expect(await textOf('CLIENT', 'LIST')).toMatch(
      /^txt:id=1 addr=127\.0\.0\.1:\d+ name=me .* db=0 cmd=client\n$/,
    );
    expect(await client.call('CLIENT', 'ID')).toBe(1);
  });

  it.each([
    ['adaptive', 'allkeys-lfu'],
    ['w-tinylfu', 'allkeys-lfu'],
    ['lfu', 'allkeys-lfu'],
    ['lru', 'allkeys-lru'],
    ['s3-fifo', 'allkeys-lru'],
    [undefined, 'noeviction'],
  ])('tells of the eviction policy %s what Redis calls nearest, and its name', async (policy, nearest) => {
    await restart(policy === undefined ? {} : { evictionPolicy: policy });
    const info = await textOf('INFO', 'memory');
    expect(info).toContain(`maxmemory_policy:${nearest}\r\nkvnest_eviction_policy:${policy ?? 'none'}\r\n`);
    expect(await client.call('CONFIG', 'GET', 'maxmemory-policy')).toEqual([
      Buffer.from('maxmemory-policy'),
      Buffer.from(nearest),
    ]);
  });

  it('describes its commands', async () => {
    const count = (await client.call('COMMAND', 'COUNT')) as number;
    const rows = (await client.call('COMMAND')) as RespReply[][];
    expect(rows).toHaveLength(count);
    expect(rows.every((row) => row.length === 10)).toBe(true);
    const [row, none] = (await client.call('COMMAND', 'INFO', 'mget', 'nosuch')) as [RespReply[], null];
    expect(row.slice(0, 2).map(String)).toEqual(['mget', '-2']);
    expect(row.slice(3, 6)).toEqual([1, -1, 1]);
    expect(none).toBeNull();
    expect(await client.call('COMMAND', 'DOCS')).toEqual([]);
    expect(await client.call('COMMAND', 'LIST')).toHaveLength(count);
  });

  it('closes after QUIT, and ignores what comes behind it', async () => {
    client.socket.write('SET k v\r\nQUIT\r\nSET k w\r\n');
    expect([await client.next(), await client.next()]).toEqual(['+OK', '+OK']);
    await client.closed;
    using other = await RespTestClient.open(server.port);
    expect(await other.call('GET', 'k')).toEqual(Buffer.from('v'));
  });

  it('lets nobody in without the password', async () => {
    await restart({ token: 'secret' });
    const noAuth = '-NOAUTH Authentication required.';
    expect(await client.call('GET', 'k')).toBe(noAuth);
    expect(await client.call('SET', 'k', Buffer.alloc(100_000))).toBe(noAuth);
    expect(server.references()).toBe(0);
    expect(await client.call('NOSUCH')).toMatch(/^-ERR unknown command/);
    expect(await client.call('HELLO', '3')).toMatch(/^-NOAUTH HELLO must be called/);
    expect(await client.call('AUTH', 'wrong')).toMatch(/^-WRONGPASS /);
    expect(await client.call('AUTH', 'nobody', 'secret')).toMatch(/^-WRONGPASS /);
    expect(await client.call('HELLO', '3', 'AUTH', 'default', 'wrong')).toMatch(/^-WRONGPASS /);
    expect(await client.call('GET', 'k')).toBe(noAuth);
    expect(await client.call('AUTH', 'secret')).toBe('+OK');
    expect(await client.call('GET', 'k')).toBeNull();
    using other = await RespTestClient.open(server.port);
    expect(await other.call('HELLO', '3', 'AUTH', 'default', 'secret')).toHaveProperty('map');
    expect(await other.call('EXISTS', 'k')).toBe(0);
  });

  it('takes no more clients than allowed', async () => {
    await restart({ limits: { maxConnections: 2 } });
    using second = await RespTestClient.open(server.port);
    expect(await second.call('PING')).toBe('+PONG');
    using third = await RespTestClient.open(server.port);
    expect(await third.next()).toBe('-ERR max number of clients reached');
    await third.closed;
    second.socket.destroy();
    await expectEventually(() => server.door.doorStatus().connections === 1);
    using fourth = await RespTestClient.open(server.port);
    expect(await fourth.call('PING')).toBe('+PONG');
    expect(server.counter('connections_refused')).toBe(1);
  });

  it('counts what it does', async () => {
    await client.call('SET', 'k', 'v');
    await client.call('GET', 'k');
    await client.call('NOSUCH');
    expect(server.door.doorStatus()).toMatchObject({
      name: 'resp',
      address: `127.0.0.1:${server.port}`,
      connections: 1,
      counters: { connections: 1, commands: 3, command_errors: 1, protocol_errors: 0 },
    });
    expect(server.counter('bytes_out')).toBe(client.received.length);
  });

  it('says what to do when it cannot listen', async () => {
    await expect(createTestRespDoor({ limits: { port: server.port } })).rejects.toMatchObject({
      code: 'KV_DOOR_LISTEN',
    });
  });
});
