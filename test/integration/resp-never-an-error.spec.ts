import { afterEach, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { expectEventually } from '../support/eventually.js';
import { encodeCommand, RespTestClient } from '../support/resp-client.js';
import { createTestRespDoor, type TestRespDoor, type TestRespDoorOptions } from '../support/resp-door.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const MIB = 1024 * 1024;
const BIG = Buffer.alloc(MIB, 'big');

/** LMCache's native client never recovers from an error or a closed connection. */
describe('RESP door: GET, SET, EXISTS and DEL never fail', () => {
  let server: TestRespDoor;

  async function start(options: TestRespDoorOptions = {}): Promise<RespTestClient> {
    server = await createTestRespDoor(options);
    return RespTestClient.open(server.port);
  }

  afterEach(() => server.close());

  it('when ten times more is stored than fits', async () => {
    const first = await start({ arenaBytes: 16 * MIB });
    const clients = [first, await RespTestClient.open(server.port), await RespTestClient.open(server.port)];
    const work = clients.map(async (client, id) => {
      for (let i = 0; i < 54; i++) {
        const value = Buffer.alloc(MIB, `${id}:${i}`);
        expect(await client.call('SET', `${id}:${i}`, value)).toBe('+OK');
        const found = await client.call('GET', `${id}:${Math.max(0, i - 2)}`);
        if (found !== null)
          expect(Buffer.alloc(MIB, `${id}:${Math.max(0, i - 2)}`).equals(found as Buffer)).toBe(true);
      }
    });
    await Promise.all(work);
    expect(await first.call('GET', '0:53')).not.toBeNull();
    expect(server.counter('command_errors')).toBe(0);
    for (const client of clients) client[Symbol.dispose]();
  });

  it('when everything that is stored is pinned', async () => {
    using client = await start({ arenaBytes: 8 * MIB });
    const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
    for (const key of keys) {
      expect(await client.call('SET', key, BIG)).toBe('+OK');
      await server.engine.pin([ChunkKey.of(key)]);
    }
    expect(server.counter('dropped_busy')).toBeGreaterThan(0);
    const there = (await client.call('EXISTS', ...keys)) as number;
    expect(there).toBe(12 - server.counter('dropped_busy'));
    expect(await client.call('GET', 'k11')).toBeNull();
  });

  it('when a value is larger than allowed, or than everything', async () => {
    using client = await start({ arenaBytes: 8 * MIB, limits: { maxValueBytes: 4 * MIB } });
    expect(await client.call('SET', 'k', BIG)).toBe('+OK');
    for (const size of [5 * MIB, 20 * MIB]) {
      expect(await client.call('SET', 'k', Buffer.alloc(size))).toBe('+OK');
      expect(await client.call('GET', 'k')).toBeNull();
    }
    expect(server.counter('dropped_too_large')).toBe(2);
  });

  it('when a key is longer than can be stored', async () => {
    using client = await start();
    for (const key of ['x'.repeat(5000), 'x'.repeat(100_000)]) {
      expect(await client.call('SET', key, 'v')).toBe('+OK');
      expect(await client.call('SET', key, BIG)).toBe('+OK');
      expect(await client.call('GET', key)).toBeNull();
      expect(await client.call('EXISTS', key)).toBe(0);
      expect(await client.call('DEL', key)).toBe(0);
    }
    expect(server.counter('dropped_key_too_long')).toBe(4);
    expect(await client.call('EXISTS', '')).toBe(0);
    expect(await client.call('DEL', 'a', 'x'.repeat(100_000))).toMatch(/^-ERR .* too large/);
    expect(await client.call('SET', 'k', BIG, 'x'.repeat(100_000))).toMatch(/^-ERR /);
    expect(await client.call('EXISTS', 'k')).toBe(0);
  });

  it.each(['throws', 'rejects'])('when the engine %s', async (how) => {
    using client = await start({
      wrapEngine: (engine) =>
        new Proxy(engine, {
          get: (target, name) =>
            ['get', 'exists', 'reserve', 'delete'].includes(String(name))
              ? () => {
                  if (how === 'throws') throw new Error('broken');
                  return Promise.reject(new Error('broken'));
                }
              : (Reflect.get(target, name) as unknown),
        }),
    });
    expect(await client.call('SET', 'k', BIG)).toBe('+OK');
    expect(await client.call('SET', 'k', 'small')).toBe('+OK');
    expect(await client.call('GET', 'k')).toBeNull();
    expect(await client.call('EXISTS', 'k')).toBe(0);
    expect(await client.call('DEL', 'k')).toBe(0);
    expect(await client.call('MGET', 'k', 'j')).toEqual([null, null]);
    expect(await client.call('TYPE', 'k')).toBe('-ERR internal error');
    expect(await client.call('PING')).toBe('+PONG');
    expect(server.counter('dropped_internal')).toBe(2);
    expect(server.counter('command_failures')).toBeGreaterThan(5);
    expect(server.references()).toBe(0);
  });

  it('when the server drains: what is there is read, what comes is dropped, nobody is cut off', async () => {
    using client = await start({ drainTimeoutMs: 5000 });
    using busy = await RespTestClient.open(server.port);
    await client.call('SET', 'k', BIG);
    busy.socket.write(encodeCommand('SET', 'begun', BIG).subarray(0, MIB / 2));
    await expectEventually(() => server.references() > 0);
    server.engine.beginDrain();
    let isDrained = false;
    const drained = server.door.beforeApplicationShutdown().then(() => (isDrained = true));
    expect(BIG.equals((await client.call('GET', 'k')) as Buffer)).toBe(true);
    expect(await client.call('EXISTS', 'k')).toBe(1);
    expect(await client.call('SET', 'late', BIG)).toBe('+OK');
    expect(await client.call('EXISTS', 'late')).toBe(0);
    expect(server.counter('dropped_draining')).toBe(1);
    await expect(RespTestClient.open(server.port)).rejects.toThrow('ECONNREFUSED');
    expect(isDrained).toBe(false);
    busy.socket.write(encodeCommand('SET', 'begun', BIG).subarray(MIB / 2));
    expect(await busy.next()).toBe('+OK');
    await drained;
    expect(await client.call('EXISTS', 'begun')).toBe(1);
    server.door.onApplicationShutdown();
    await Promise.all([client.closed, busy.closed]);
  });

  it('until the drain deadline, when all connections close', async () => {
    using client = await start({ drainTimeoutMs: 30 });
    client.socket.write(encodeCommand('SET', 'k', BIG).subarray(0, MIB / 2));
    await expectEventually(() => server.references() > 0);
    await server.door.beforeApplicationShutdown();
    expect(server.references()).toBe(1);
    server.door.onApplicationShutdown();
    await client.closed;
    await expectEventually(() => server.references() === 0);
  });

  it('and what was found is there for the read, whatever is stored in between', async () => {
    using client = await start({ arenaBytes: 8 * MIB });
    using other = await RespTestClient.open(server.port);
    await client.call('SET', 'k', BIG);
    expect(await client.call('EXISTS', 'k')).toBe(1);
    for (let i = 0; i < 20; i++) await other.call('SET', `other${i}`, BIG);
    expect(BIG.equals((await client.call('GET', 'k')) as Buffer)).toBe(true);
    for (let i = 0; i < 20; i++) await other.call('SET', `other${i}`, BIG);
    expect(await client.call('GET', 'k')).toBeNull();
  });

  it('when a tier is slow: the connection waits, and answers in order', async () => {
    let tier: ScriptedBackend | undefined;
    using client = await start({
      memory: false,
      tiers: (parts) => [(tier = new ScriptedBackend('slow', parts))],
    });
    const commands = [
      encodeCommand('SET', 'a', BIG),
      encodeCommand('GET', 'a'),
      encodeCommand('SET', 'b', 'small'),
      encodeCommand('MGET', 'a', 'none', 'b'),
      encodeCommand('EXISTS', 'a', 'b', 'c'),
      encodeCommand('DEL', 'a', 'b', 'c'),
      encodeCommand('PING'),
    ];
    client.socket.write(Buffer.concat(commands));
    expect(await client.next()).toBe('+OK');
    expect(BIG.equals((await client.next()) as Buffer)).toBe(true);
    expect(await client.next()).toBe('+OK');
    const [first, ...rest] = (await client.next()) as Buffer[];
    expect(BIG.equals(first!)).toBe(true);
    expect(rest).toEqual([null, Buffer.from('small')]);
    expect([await client.next(), await client.next(), await client.next()]).toEqual([2, 2, '+PONG']);
    expect(tier?.calls.length).toBeGreaterThan(0);
    expect(server.references()).toBe(0);
  });
});
