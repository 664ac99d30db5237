import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type KvError } from '../../src/common/errors/kv-error.js';
import { InfinistoreConnection } from '../../src/connectors/infinistore/infinistore-connection.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeExists } from '../../src/protocols/infinistore/infinistore-request.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import {
  InfinistoreScriptedServer,
  int32s,
  type ScriptedEvent,
} from '../support/infinistore/infinistore-scripted-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';

const ABSENT = int32s(200, 1);
const THERE = int32s(200, 0);
const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');
const KEYS = Array.from({ length: 16 }, (_, i) => ChunkKey.of(`key-${i}`));
const PROTOCOL = { code: 'KV_REMOTE_PROTOCOL' };
const LOST = { code: 'KV_REMOTE_UNREACHABLE' };

/** No real server can be made to answer so: this one is scripted. */
describe('An InfiniStore server that', () => {
  let server: InfinistoreScriptedServer;
  let world: InfinistoreWorld;
  /** What it does with what comes; otherwise it is empty and has room. */
  let script: Partial<Record<ScriptedEvent, (socket: Socket) => void>> = {};

  async function begin(options: Parameters<typeof InfinistoreWorld.connect>[1] = {}): Promise<void> {
    script = {};
    server = await InfinistoreScriptedServer.start((event, socket) =>
      (script[event] ?? answer[event])(socket),
    );
    world = await InfinistoreWorld.connect(server.port, options);
  }

  const answer: Record<ScriptedEvent, (socket: Socket) => void> = {
    C: (socket) => socket.write(ABSENT),
    M: (socket) => socket.write(int32s(200, -1)),
    X: (socket) => socket.write(int32s(200, 0)),
    G: (socket) => socket.write(int32s(404)),
    P: () => undefined,
    V: (socket) => socket.write(int32s(200)),
  };

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
  });

  describe.each(['lmcache', 'sealed'] as const)('lies (layout %s):', (layout) => {
    const nonsense = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');

    afterEach(async () => {
      // Whatever it said, the next calls are served, and nothing is left.
      script = {};
      expect(await world.fetch('next')).toBe('miss');
      expect(await world.store('next', chunkBytes(10_000))).toBe('stored');
      expect(await world.connector.exists(KEY)).toBe(false);
      expect(await world.close()).toBe(0);
    });

    it.each<[string, Buffer, object | string]>([
      ['another protocol', nonsense, PROTOCOL],
      ['a code that there is not', int32s(202), PROTOCOL],
      ['an error', int32s(500), { code: 'KV_REMOTE_FAILED', retryable: true }],
      ['a value of no bytes', int32s(200, 0), PROTOCOL],
      ['a value of less than no bytes', int32s(200, -5), PROTOCOL],
      ['a value that is none', Buffer.concat([int32s(200, 5_000), Buffer.alloc(5_000, 7)]), 'corrupt'],
    ])('to a get it says %s', async (_, bytes, expected) => {
      await begin({ layout });
      script.G = (socket) => socket.write(bytes);
      const get = world.fetch('key');
      if (typeof expected === 'string') expect(await get).toBe(expected);
      else expect(await errorOf(() => get)).toMatchObject(expected);
    });

    it.each<[string, Buffer, string]>([
      ['the code of a miss', int32s(404, 7), 'miss'],
      ['a value', Buffer.concat([int32s(200, 100), Buffer.alloc(120, 7)]), 'corrupt'],
    ])('to a get it says more than %s', async (_, bytes, expected) => {
      await begin({ layout });
      const before = new Set(server.sockets);
      script.G = (socket) => socket.write(bytes);
      const outcome = await world.fetch('key').catch((error: unknown) => (error as KvError).code);
      // What comes in one piece with the rest may be seen before the answer is taken.
      expect([expected, PROTOCOL.code]).toContain(outcome);
      await expectEventually(() => [...server.sockets].every((socket) => before.has(socket)));
    });

    it.each([1, 5, 8, 1_000, 60_000])('it hangs up when %i bytes of a value are sent', async (sentBytes) => {
      await begin({ layout });
      const bytes = Buffer.concat([int32s(200, 100_000), Buffer.alloc(100_000)]);
      script.G = (socket) => socket.end(bytes.subarray(0, sentBytes));
      expect(await errorOf(() => world.fetch('key'))).toMatchObject(LOST);
    });

    it.each<[string, Buffer]>([
      ['says that there is no room', int32s(507)],
      ['fails', int32s(503)],
      ['says another code', int32s(408)],
      ['says that it is done, and more', int32s(200, 200)],
    ])('before the bytes of a put have come it %s', async (_, bytes) => {
      await begin({ layout });
      let asked = 0;
      script.P = (socket) => {
        if (asked++ > 0) return;
        socket.pause();
        socket.write(bytes);
      };
      expect(await world.store('key', chunkBytes(8 * 2 ** 20))).toBe('busy');
    });

    it.each([2 ** 31 - 1, 1_000, -2, -(2 ** 31)])('it finds %i as the last key of sixteen', async (index) => {
      await begin({ layout });
      script.M = (socket) => socket.write(int32s(200, index));
      expect(await world.connector.existsMany(KEYS, { upToGap: true })).toEqual(KEYS.map(() => false));
    });

    it('it answers before it is asked', async () => {
      await begin({ layout });
      for (const socket of server.sockets) socket.write(THERE);
      await expectEventually(() => server.sockets.size === 0);
    });
  });

  it('owes an answer is not left: closing waits for each of many questions, also when they were taken back', async () => {
    await begin({ connections: 2 });
    const held: (() => void)[] = [];
    script.C = (socket) => void held.push(() => socket.write(THERE));
    const one = world.connector.exists(KEY);
    await expectEventually(() => held.length === 1);
    const abort = new AbortController();
    // The second half of them waits for the connection that is in use.
    const many = errorOf(() => world.connector.existsMany(KEYS, { signal: abort.signal }));
    await expectEventually(() => held.length === 2);
    abort.abort();
    expect(await many).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    held[0]?.();
    expect(await one).toBe(true);
    let isClosed = false;
    const closing = world.close().then(() => (isClosed = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([isClosed, server.sockets.size]).toEqual([false, 2]);
    held[1]?.();
    await closing;
  });

  it('owes the first answer of all is not left: closing waits for it when connecting was taken back', async () => {
    await begin();
    await world.connector.close();
    const held: (() => void)[] = [];
    script.C = (socket) => void held.push(() => socket.write(THERE));
    const connecting = errorOf(() => world.connector.connect({ signal: AbortSignal.timeout(20) }));
    expect(await connecting).toMatchObject({ code: 'KV_REMOTE_ABORTED' });
    let isClosed = false;
    const closing = world.close().then(() => (isClosed = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([isClosed, server.sockets.size]).toEqual([false, 1]);
    held[0]?.();
    await closing;
  });

  it('hangs up as soon as it has accepted is told why that may be', async () => {
    await begin();
    const hasty = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
    await once(hasty, 'listening');
    const { port } = hasty.address() as AddressInfo;
    const connection = new InfinistoreConnection({ host: '127.0.0.1', port, label: 'hasty' });
    await connection.closed;
    const call = errorOf(() => connection.call([encodeExists('key')], { kind: 'number' }));
    expect(await call).toMatchObject({ ...LOST, message: expect.stringContaining('uvloop 0.23') });
    await world.close();
    hasty.close();
  });

  it('has a management port that says nothing is used without', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port: managePort } = silent.address() as AddressInfo;
    await begin({ managePort, connectTimeoutMs: 100 });
    expect(await world.store('key', chunkBytes(1_000))).toBe('stored');
    await expectEventually(() => world.logger.count('warn') === 1);
    expect(world.logger.lines[0]?.message).toContain(`management port ${managePort}`);
    await world.close();
    silent.close();
  });
});
