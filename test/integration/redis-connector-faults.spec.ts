import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { RemoteWorld } from '../support/remote-world.js';
import { RedisServer } from '../support/resp-redis-server.js';

const MIB = 1024 * 1024;
const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');
const BYTES_KEY = `${KEY.toString()}kv_bytes`;
const METADATA_KEY = `${KEY.toString()}metadata`;

async function expectError(run: () => Promise<unknown>, code: string, retryable: boolean): Promise<void> {
  expect(await errorOf(run)).toMatchObject({ code, retryable });
}

describeWithPeer(missingCommand('redis-server', ['--version']))('redis://: what goes wrong', () => {
  let server: RedisServer;
  let admin: Redis;
  let world: RemoteWorld;

  const url = (rest = ''): string => `redis://127.0.0.1:${server.port}${rest}`;
  const put = (bytes: Buffer, key = KEY): Promise<string> => world.put({ key, bytes });

  async function read(key = KEY): Promise<Buffer | string> {
    const outcome = await world.read(key);
    return typeof outcome === 'string' ? outcome : outcome.bytes;
  }

  beforeAll(async () => {
    server = await RedisServer.start('--enable-debug-command', 'yes');
    admin = new Redis(server.port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null });
    admin.on('error', () => undefined);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await admin.flushall();
    world = await RemoteWorld.open(url());
  });
  afterEach(async () => {
    expect(await world.close()).toBe(0);
  });

  describe('a server that goes away', () => {
    it('is found again after a kill and a restart', async () => {
      await put(chunkBytes(MIB));
      await server.stop();
      using chunk = world.chunk({ key: KEY });
      for (const call of [
        () => world.connector.get(KEY),
        () => world.connector.put(chunk),
        () => world.connector.exists(KEY),
        () => world.connector.ping(),
        () => world.connector.list('', 10),
      ]) {
        await expectError(call, 'KV_REMOTE_UNREACHABLE', true);
      }
      await server.restart();
      expect(await read()).toBe('miss');
      await put(chunkBytes(MIB));
      expectBytes(await read(), chunkBytes(MIB));
      await world.connector.ping();
    });

    it('holds nobody who takes the call back while it hangs, and serves again when it goes on', async () => {
      await put(chunkBytes(MIB));
      using chunk = world.chunk({ key: KEY, bytes: chunkBytes(2 * MIB) });
      server.suspend();
      try {
        for (const call of [
          (signal: AbortSignal) => world.connector.get(KEY, { signal }),
          (signal: AbortSignal) => world.connector.put(chunk, { signal }),
          (signal: AbortSignal) => world.connector.exists(KEY, { signal }),
          (signal: AbortSignal) => world.connector.getMany([KEY, KEY, KEY, KEY, KEY, KEY], { signal }),
          (signal: AbortSignal) => world.connector.ping({ signal }),
        ]) {
          await expectError(() => call(AbortSignal.timeout(30)), 'KV_REMOTE_ABORTED', true);
        }
      } finally {
        server.resume();
      }
      expect(await world.connector.exists(KEY)).toBe(true);
      await put(chunkBytes(MIB, 7));
      expectBytes(await read(), chunkBytes(MIB, 7));
    });

    it('cuts connections in the midst of a value: nothing is kept, and the next call is served', async () => {
      const bytes = chunkBytes(10 * MIB);
      await put(bytes);
      const reserve = world.space.reserve.bind(world.space);
      const kill = (): void => void admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      // Room is reserved when the first bytes of a value are there.
      world.space.reserve = (request) => (kill(), reserve(request));
      let cuts = 0;
      while (cuts < 3) {
        const outcome = await read().catch((error: unknown) => error);
        if (Buffer.isBuffer(outcome)) expectBytes(outcome, bytes);
        else {
          expect(outcome).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });
          expect(world.arena.usage().references).toBe(0);
          cuts++;
        }
      }
      world.space.reserve = reserve;
      expectBytes(await read(), bytes);
    });

    it('cuts connections in the midst of puts: what is there afterwards is whole', async () => {
      const bytes = [1, 2].map((seed) => chunkBytes(6 * MIB, seed));
      let cuts = 0;
      for (let i = 0; cuts < 3; i++) {
        const writing = put(bytes[i % 2]!).catch((error: unknown) => error);
        for (let turn = 0; turn < i % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
        await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        if ((await writing) !== 'stored') cuts++;
        const outcome = await read();
        if (typeof outcome === 'string') expect(outcome).toBe('miss');
        else expect(bytes.some((version) => version.equals(outcome))).toBe(true);
      }
    });

    it('closes connections that were idle for long, and nobody notices', async () => {
      await admin.config('SET', 'timeout', '1');
      try {
        await put(chunkBytes(1_000));
        for (;;) {
          const clients = String(await admin.client('LIST'));
          if (!clients.includes('name=kvnest')) break;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        expect(await world.connector.exists(KEY)).toBe(true);
        expectBytes(await read(), chunkBytes(1_000));
      } finally {
        await admin.config('SET', 'timeout', '0');
      }
    });

    it('takes no more clients: that passes', async () => {
      await admin.config('SET', 'maxclients', '2');
      try {
        const other = await RemoteWorld.create(url());
        // What it says about it may be lost when it hangs up.
        expect(await errorOf(() => other.connector.connect())).toMatchObject({ retryable: true });
        expect(await other.close()).toBe(0);
      } finally {
        await admin.config('SET', 'maxclients', '1000');
      }
    });
  });

  describe('a server without room', () => {
    afterEach(async () => {
      await admin.config('SET', 'maxmemory', '0');
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
    });

    it('that evicts nothing is busy, and no older value is left', async () => {
      await put(chunkBytes(MIB, 1));
      await admin.config('SET', 'maxmemory', '1mb');
      expect(await put(chunkBytes(MIB, 2))).toBe('busy');
      expect(await admin.keys('*')).toEqual([]);
      expect(await read()).toBe('miss');
    });

    it('that evicts as it likes leaves whole chunks or misses, and readers clear halves away', async () => {
      const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1]);
      await admin.config('SET', 'maxmemory', String(used + 6 * MIB));
      await admin.config('SET', 'maxmemory-policy', 'allkeys-random');
      const keys = Array.from({ length: 64 }, (_, i) => ChunkKey.of(`key-${i}`));
      const halves = async (): Promise<string[]> => {
        const names = new Set(await admin.keys('*'));
        return [...names].filter(
          (name) => name.endsWith('metadata') && !names.has(name.replace(/metadata$/, 'kv_bytes')),
        );
      };
      for (const [i, key] of keys.entries()) await put(chunkBytes(400_000, i), key);
      const before = await halves();
      expect(before.length).toBeGreaterThan(0);
      let hits = 0;
      for (const [i, key] of keys.entries()) {
        const outcome = await read(key);
        if (typeof outcome === 'string') expect(outcome).toBe('miss');
        else {
          hits++;
          expectBytes(outcome, chunkBytes(400_000, i));
        }
      }
      expect(hits).toBeGreaterThan(0);
      expect(await halves()).toEqual([]);
    });
  });

  describe('halves and contradictions', () => {
    beforeEach(async () => {
      await put(chunkBytes(5_000));
    });

    it.each<[string, () => Promise<unknown>, string, string[]]>([
      ['bytes that are gone', () => admin.del(BYTES_KEY), 'miss', []],
      ['metadata that is gone', () => admin.del(METADATA_KEY), 'miss', [BYTES_KEY]],
      ['bytes that became fewer', () => admin.set(BYTES_KEY, chunkBytes(4_000)), 'corrupt', []],
      ['bytes that became very few', () => admin.set(BYTES_KEY, 'few'), 'corrupt', []],
      ['bytes that became none', () => admin.set(BYTES_KEY, ''), 'corrupt', []],
      ['bytes that became more', () => admin.set(BYTES_KEY, chunkBytes(MIB)), 'corrupt', []],
      ['metadata that is none', () => admin.set(METADATA_KEY, 'something else'), 'corrupt', []],
      ['metadata that is long', () => admin.set(METADATA_KEY, chunkBytes(5_000)), 'corrupt', []],
    ])('%s', async (_, hurt, outcome, left) => {
      await hurt();
      expect(await read()).toBe(outcome);
      expect(await admin.keys('*')).toEqual(left);
      await put(chunkBytes(5_000, 2));
      expectBytes(await read(), chunkBytes(5_000, 2));
    });

    it('a key of another type: an error that does not pass, and nothing is removed', async () => {
      await admin.del(BYTES_KEY);
      await admin.lpush(BYTES_KEY, 'not ours');
      await expectError(() => read(), 'KV_REMOTE_FAILED', false);
      expect(await admin.lrange(BYTES_KEY, 0, -1)).toEqual(['not ours']);
    });
  });

  describe('a server that takes no writes', () => {
    it('because it is a replica: that passes', async () => {
      await put(chunkBytes(1_000));
      await admin.call('REPLICAOF', '127.0.0.1', '1');
      try {
        await expectError(() => put(chunkBytes(2_000)), 'KV_REMOTE_FAILED', true);
        expectBytes(await read(), chunkBytes(1_000));
      } finally {
        await admin.call('REPLICAOF', 'NO', 'ONE');
      }
      expect(await put(chunkBytes(2_000))).toBe('stored');
    });
  });

  describe('a server that knows no AUTH', () => {
    it.each(['sekret', 'sekret'.padEnd(300, '!')])(
      'is refused without telling the password',
      async (password) => {
        const other = await RedisServer.start('--rename-command', 'AUTH', '');
        try {
          const stranger = await RemoteWorld.create(`redis://user:${password}@127.0.0.1:${other.port}`);
          const error = await errorOf(() => stranger.connector.connect());
          expect(error).toMatchObject({ code: 'KV_REMOTE_REFUSED' });
          expect(inspect(error)).toContain('unknown command');
          expect(inspect(error)).not.toContain('sekret');
          await stranger.close();
        } finally {
          await other.stop();
        }
      },
    );
  });

  describe('a server that refuses', () => {
    beforeAll(async () => {
      await admin.call('ACL', 'SETUSER', 'nest', 'on', '>se:c@ret', '~*', '+@all');
      await admin.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@read', '+@connection');
    });

    const refused = (user: string, rest = ''): string => `redis://${user}127.0.0.1:${server.port}${rest}`;

    it.each([
      ['a wrong password', 'nest:wrong@', ''],
      ['an unknown user', 'nobody:secret@', ''],
      ['a password where there is none', ':secret@', ''],
      ['a database that is not there', '', '/77'],
    ])('%s', async (_, user, rest) => {
      const other = await RemoteWorld.create(refused(user, rest));
      await expectError(() => other.connector.connect(), 'KV_REMOTE_REFUSED', false);
      await expectError(() => other.connector.get(KEY), 'KV_REMOTE_CLOSED', false);
      expect(await other.close()).toBe(0);
    });

    it('what the user may not do', async () => {
      const other = await RemoteWorld.open(refused('reader:secret@'));
      expect(await other.connector.exists(KEY)).toBe(false);
      await expectError(() => other.put({ key: KEY }), 'KV_REMOTE_REFUSED', false);
      expect(await other.close()).toBe(0);
    });

    it.each(['lmcache', 'sealed'])(
      'nothing that is needed to who may do what the page lists: %s',
      async (layout) => {
        const may = ['get', 'set', 'del', 'exists', 'getrange', 'pttl', 'scan', 'ping', 'select'];
        await admin.call(
          'ACL',
          'SETUSER',
          'least',
          'on',
          '>secret',
          '~*',
          ...may.map((command) => `+${command}`),
        );
        const other = await RemoteWorld.open(refused('least:secret@', `/1?layout=${layout}`));
        await other.connector.ping();
        expect(await other.put({ key: KEY, bytes: chunkBytes(MIB) })).toBe('stored');
        expect(await other.connector.exists(KEY, { withMetadata: true })).toBe(layout === 'lmcache');
        expect((await other.connector.list('', 100)).keys).toHaveLength(1);
        expect(await other.read(KEY)).toMatchObject({ bytes: chunkBytes(MIB) });
        expect(await other.connector.remove(KEY)).toBe(true);
        expect(await other.close()).toBe(0);
      },
    );

    it('nothing to whom it knows', async () => {
      const other = await RemoteWorld.open(refused('nest:se%3Ac%40ret@', '/2'));
      expect(await other.put({ key: KEY })).toBe('stored');
      expect(await admin.dbsize()).toBe(0);
      expect(await other.connector.exists(KEY)).toBe(true);
      expect(await other.close()).toBe(0);
    });
  });

  it('something else that listens there is told', async () => {
    const http = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    const other = await RemoteWorld.create(`redis://127.0.0.1:${(http.address() as AddressInfo).port}`);
    await expectError(() => other.connector.connect(), 'KV_REMOTE_PROTOCOL', false);
    expect(await other.close()).toBe(0);
    http.close();
  });
});
