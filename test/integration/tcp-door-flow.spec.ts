import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { of } from 'rxjs';
import {
  encodeFrame,
  FRAME_PREFIX_BYTES,
  FRAME_TYPES,
  PREAMBLE,
} from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { readPutAnswers } from '../../src/protocols/kvnest-tcp/replies.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { get, put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { SeededRandom } from '../support/seeded-random.js';
import { keyList, putList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor, type TestTcpDoorOptions } from '../support/tcp-door.js';

const MIB = 1024 * 1024;
const { EXISTS, GET, PUT, LOOKUP, RETRIEVE, STORE } = PATTERNS;

describe('tcp door: requests in flight', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;
  let slow: ScriptedBackend;

  async function start(options: TestTcpDoorOptions = {}): Promise<void> {
    server = await createTestTcpDoor({
      tiers: (parts) => [(slow = new ScriptedBackend('slow', parts))],
      ...options,
    });
    client = await TcpTestClient.open(server.port);
  }

  afterEach(async () => {
    slow.release();
    client[Symbol.dispose]();
    try {
      await server.engine.settled();
      await expectEventually(() => server.references() === 0);
    } finally {
      await server.close();
    }
  });

  /** A chunk that only the slow tier has. */
  async function putBelow(key: string, bytes = chunkBytes(100)): Promise<void> {
    const list = putList([{ key, lengthBytes: bytes.length }], { ack: 'all' });
    await client.reply(client.request(PUT, list, { body: bytes }));
    await server.stack.tiers[0]!.backend.remove(ChunkKey.of(key));
  }

  async function turns(count = 50): Promise<void> {
    for (let turn = 0; turn < count; turn++) await nextTurn();
  }

  describe('order', () => {
    it('answers what it knows before what it waits for', async () => {
      await start();
      await putBelow('a');
      slow.hold();
      const waiting = client.request(GET, keyList(['a']));
      const stored = client.request(PUT, putList([{ key: 'b', lengthBytes: 9 }]), { body: Buffer.alloc(9) });
      const quick = client.request(EXISTS, keyList(['b']));
      expect(readPutAnswers((await client.reply(stored)).header)[0]?.outcome).toBe('stored');
      expect([...(await client.reply(quick)).header]).toEqual([1]);
      expect(client.frames.some(({ prefix }) => prefix.requestId === waiting)).toBe(false);
      slow.release();
      expectBytes((await client.reply(waiting)).body, chunkBytes(100));
    });

    it('keeps that of the answers to one request, however its chunks arrive', async () => {
      await start();
      for (let i = 0; i < 12; i++) await putBelow(`low-${i}`, chunkBytes(20_000, i));
      for (let i = 0; i < 12; i++) await client.put(`top-${i}`, chunkBytes(20_000, 100 + i));
      const keys = Array.from({ length: 24 }, (_, i) => (i % 2 ? `top-${i >> 1}` : `low-${i >> 1}`));
      const replies = await client.replies(client.request(GET, keyList(keys)));
      replies.forEach(({ body }, i) => expectBytes(body, chunkBytes(20_000, (i >> 1) + (i % 2) * 100)));
    });
  });

  describe('limit', () => {
    beforeEach(() => start({ limits: { maxInFlight: 4, heartbeatMs: 200 } }));

    it('leaves the next request unread, and reads what ends others', async () => {
      await putBelow('a');
      slow.hold();
      const waiting = [1, 2, 3, 4].map(() => client.request(GET, keyList(['a'])));
      client.cancel(waiting[0]!);
      const fifth = client.request(GET, keyList(['a']));
      expect(await client.error(waiting[0]!)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
      const sixth = client.request(EXISTS, keyList(['a', 'b']));
      const seventh = client.request(EXISTS, keyList(['a']));
      await turns();
      const { commands } = { commands: server.counter('commands') };
      expect(commands).toBe(1 + 5);
      slow.release();
      for (const id of [...waiting.slice(1), fifth])
        expectBytes((await client.reply(id)).body, chunkBytes(100));
      expect((await client.reply(sixth)).header).toHaveLength(2);
      expect((await client.reply(seventh)).header).toHaveLength(1);
    });

    it('is forgotten with a client that goes meanwhile', async () => {
      await putBelow('a');
      slow.hold();
      for (let i = 0; i < 10; i++) client.request(GET, keyList(['a']));
      await expectEventually(() => server.counter('commands') === 5);
      client.socket.resetAndDestroy();
      await expectEventually(() => server.door.doorStatus().connections === 0);
      slow.release();
      await turns();
      expect(server.counter('commands')).toBe(5);
    });
  });

  describe('cancel', () => {
    beforeEach(() => start());

    it('ends a request at once, and what arrives for it is given back', async () => {
      await putBelow('a', chunkBytes(MIB));
      slow.hold();
      const request = client.request(GET, keyList(['a', 'a', 'a']));
      client.cancel(request);
      expect(await client.error(request)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
      slow.release();
      expect(await client.flags(EXISTS, ['a'])).toEqual([expect.any(Number)]);
      expect(server.counter('cancelled')).toBe(1);
      expect(client.frames.filter(({ prefix }) => prefix.requestId === request)).toHaveLength(1);
    });

    it('of what is answered, or was never asked, changes nothing', async () => {
      const request = client.request(EXISTS, keyList(['a']));
      client.cancel(request);
      client.cancel(77);
      client.cancel(0);
      expect((await client.reply(request)).prefix.type).toBe(FRAME_TYPES.REPLY);
      expect(await client.flags(EXISTS, ['a'])).toEqual([0]);
      expect(client.frames.filter(({ prefix }) => prefix.type === FRAME_TYPES.ERROR)).toEqual([]);
    });

    it('does not take back what was put', async () => {
      slow.hold();
      const list = putList([{ key: 'a', lengthBytes: 3 }], { ack: 'all' });
      const request = client.request(PUT, list, { body: Buffer.from('abc') });
      client.cancel(request);
      expect(await client.error(request)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
      expect(await client.get('a')).toEqual([Buffer.from('abc')]);
    });

    it('stops a retrieve in the midst of its chunks', async () => {
      const tokens = Buffer.alloc(256 * 20 * 4);
      const header = { model: 'm', tokens: 256 * 20 };
      const chunks = Array.from({ length: 20 }, (_, index) => ({ index, length: 500_000 }));
      const body = Buffer.concat([tokens, Buffer.alloc(20 * 500_000)]);
      await client.reply(client.request(STORE, Buffer.from(JSON.stringify({ ...header, chunks })), { body }));
      client.socket.pause();
      const request = client.request(RETRIEVE, Buffer.from(JSON.stringify(header)), { body: tokens });
      await expectEventually(() => server.references() > 0);
      client.cancel(request);
      await expectEventually(() => server.counter('cancelled') === 1);
      client.socket.resume();
      const replies = await client.replies(request);
      expect(replies.at(-1)?.prefix.type).toBe(FRAME_TYPES.ERROR);
      expect(replies.length).toBeLessThan(20);
    });

    it('races with answers, and each request ends once', async () => {
      for (let i = 0; i < 10; i++) await putBelow(`${i}`, chunkBytes(200_000, i));
      const random = new SeededRandom(5);
      const ids: number[] = [];
      for (let i = 0; i < 200; i++) {
        const id = client.request(GET, keyList(Array.from({ length: 3 }, () => `${random.below(12)}`)));
        ids.push(id);
        if (random.below(2) === 0) client.cancel(id);
        if (random.below(4) === 0) await nextTurn();
        if (random.below(20) === 0) client.cancel(ids[random.below(ids.length)]!);
        if (random.below(10) === 0)
          await server.stack.tiers[0]!.backend.remove(ChunkKey.of(`${random.below(10)}`));
      }
      for (const id of ids) {
        const replies = await client.replies(id);
        if (replies.at(-1)?.prefix.type !== FRAME_TYPES.ERROR) expect(replies).toHaveLength(3);
      }
      expect(await client.flags(EXISTS, ['none'])).toEqual([0]);
      expect(
        new Set(ids.map((id) => client.frames.filter(({ prefix }) => prefix.requestId === id).length)).size,
      ).toBeGreaterThan(1);
    }, 20_000);
  });

  describe('time-out', () => {
    beforeEach(() => start());

    it('ends a request that waits', async () => {
      await putBelow('a');
      slow.hold();
      const request = client.request(GET, keyList(['a']), { timeoutMs: 20 });
      expect(await client.error(request)).toMatchObject({ code: 'KV_TCP_TIMEOUT', retryable: true });
      expect(server.counter('timeouts')).toBe(1);
      slow.release();
    });

    it('ends a put whose body does not come, and its room is given back', async () => {
      const values = [chunkBytes(1000, 1), chunkBytes(200_000, 2)] as const;
      const header = putList([
        { key: 'a', lengthBytes: 1000 },
        { key: 'b', lengthBytes: 200_000 },
      ]);
      const request = client.request(PUT, header, { bodyBytes: 201_000, timeoutMs: 50 });
      client.socket.write(values[0]);
      client.socket.write(values[1].subarray(0, 100_000));
      await expectEventually(() => server.references() === 1);
      expect(await client.error(request)).toMatchObject({ code: 'KV_TCP_TIMEOUT' });
      expect(server.references()).toBe(0);
      client.socket.write(values[1].subarray(100_000));
      const [a, b] = await client.get('a', 'b');
      expectBytes(a!, values[0]);
      expect(b).toBeUndefined();
    });

    it('of weeks is as good as none', async () => {
      const request = client.request(GET, keyList(['a']), { timeoutMs: 2 ** 32 - 1 });
      expect((await client.reply(request)).prefix.type).toBe(FRAME_TYPES.REPLY);
    });
  });

  it('takes a number again that is free, and no other', async () => {
    await start();
    await putBelow('a');
    for (let i = 0; i < 5; i++) await client.reply(client.request(EXISTS, keyList(['a']), { requestId: 9 }));
    slow.hold();
    client.request(GET, keyList(['a']), { requestId: 9 });
    client.request(EXISTS, keyList(['a']), { requestId: 9 });
    expect(await client.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
    await client.closed;
  });

  it('answers what fails inside with an error, and goes on', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await start({
      wrapEngine: (engine) =>
        new Proxy(engine, {
          get: (target, name) => {
            if (name === 'lookup') return () => Promise.reject(new Error('broken'));
            if (name === 'get') return () => Promise.reject(new Error('broken'));
            if (name === 'delete') throw new Error('broken');
            const value: unknown = Reflect.get(target, name);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        }),
    });
    const requests = [
      client.request(GET, keyList(['a', 'b', 'c', 'd', 'e', 'f'])),
      client.request(PATTERNS.DELETE, keyList(['a'])),
      client.request(LOOKUP, Buffer.from('{"model":"m","tokens":1}'), { body: Buffer.alloc(4) }),
    ];
    for (const id of requests) expect(await client.error(id)).toMatchObject({ code: 'KV_INTERNAL' });
    expect(await client.flags(EXISTS, ['a'])).toEqual([0]);
    expect(server.counter('command_failures')).toBe(3);
    expect(logged).toHaveBeenCalledTimes(3);
    logged.mockRestore();
  });

  describe('silence', () => {
    it('is asked about, and an answer is enough', async () => {
      await start({ limits: { heartbeatMs: 200 } });
      for (let i = 0; i < 5; i++) {
        const { prefix } = await client.take(({ prefix: { type } }) => type === FRAME_TYPES.PING);
        client.socket.write(encodeFrame({ type: FRAME_TYPES.PONG, requestId: prefix.requestId }));
      }
      expect(await client.flags(EXISTS, ['a'])).toEqual([0]);
      expect(server.counter('heartbeats_missed')).toBe(0);
    });

    it('ends the connection in the end, with what it had sent of a value', async () => {
      await start({ limits: { heartbeatMs: 20 } });
      client.request(PUT, putList([{ key: 'a', lengthBytes: MIB }]), { bodyBytes: MIB });
      client.socket.write(Buffer.alloc(1000));
      await client.closed;
      expect(server.counter('heartbeats_missed')).toBe(1);
      await expectEventually(() => server.references() === 0);
    });

    it('is not that of a client who waits to be read', async () => {
      await start({ limits: { heartbeatMs: 30, maxInFlight: 1 } });
      await putBelow('a');
      slow.hold();
      const requests = [1, 2].map(() => client.request(GET, keyList(['a'])));
      for (let i = 0; i < 5; i++) await client.take(({ prefix: { type } }) => type === FRAME_TYPES.PING);
      slow.release();
      for (const id of requests) expectBytes((await client.reply(id)).body, chunkBytes(100));
    });

    it('about the hello is short, whatever is sent instead', async () => {
      await start({ limits: { heartbeatMs: 20 } });
      using other = await TcpTestClient.open(server.port, { hello: false });
      const long = encodeFrame({ type: FRAME_TYPES.HELLO }, Buffer.alloc(60_000));
      other.socket.write(Buffer.concat([PREAMBLE, long.subarray(0, FRAME_PREFIX_BYTES)]));
      const dribble = setInterval(() => other.socket.write(Buffer.from([1])), 5);
      await other.closed;
      clearInterval(dribble);
      expect(other.frames).toEqual([]);
    });

    it('of the server does not come about: it answers pings at once', async () => {
      await start();
      client.socket.write(encodeFrame({ type: FRAME_TYPES.PING, requestId: 12 }));
      const { prefix } = await client.take(({ prefix: { type } }) => type === FRAME_TYPES.PONG);
      expect(prefix.requestId).toBe(12);
    });
  });

  describe('slow readers', () => {
    it('hold a bounded number of chunks, whatever they have asked for', async () => {
      await start({ arenaBytes: 48 * MIB });
      for (let i = 0; i < 16; i++) await client.put(`${i}`, chunkBytes(2 * MIB, i));
      client.socket.pause();
      const keys = Array.from({ length: 16 }, (_, i) => `${i}`);
      const requests = [1, 2, 3, 4, 5].map(() => client.request(GET, keyList(keys)));
      await expectEventually(() => server.counter('commands') === 21);
      await turns(200);
      expect(server.references()).toBeLessThanOrEqual(6);
      using other = await TcpTestClient.open(server.port);
      for (let i = 0; i < 50; i++) expect(await other.flags(EXISTS, ['3'])).toEqual([1]);
      client.socket.resume();
      for (const id of requests) {
        const replies = await client.replies(id);
        replies.forEach(({ body }, i) => expectBytes(body, chunkBytes(2 * MIB, i)));
      }
    });

    it('are cut off when they stop reading', async () => {
      await start({ arenaBytes: 64 * MIB, limits: { bodyTimeoutMs: 20 } });
      await put(server, ChunkKey.of('a'), Buffer.alloc(12 * MIB));
      client.socket.pause();
      client.request(GET, keyList(['a', 'a', 'a', 'a']));
      await expectEventually(() => server.counter('slow_readers_closed') === 1);
      await expectEventually(() => server.references() === 0);
    });

    it('that get no chunks are not read from in the end', async () => {
      const answer = 'x'.repeat(100_000);
      await start({
        limits: { maxInFlight: 16 },
        prepare: ({ strategy }) => strategy.addHandler('text', () => Promise.resolve(of(answer))),
      });
      client.socket.pause();
      const requests = Array.from({ length: 400 }, () => client.named('text'));
      let before = -1;
      while (server.counter('commands') !== before) {
        before = server.counter('commands');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(before).toBeLessThan(200);
      client.socket.resume();
      for (const id of requests) expect(await client.json(id)).toEqual({ data: answer });
    });
  });

  it('stalled in a value lose its place, and are answered when they go on', async () => {
    await start({ limits: { bodyTimeoutMs: 20 } });
    const request = client.request(PUT, putList([{ key: 'a', lengthBytes: MIB }]), { bodyBytes: MIB });
    client.socket.write(Buffer.alloc(1000));
    await expectEventually(() => server.references() === 1);
    await expectEventually(() => server.references() === 0);
    client.socket.write(Buffer.alloc(MIB - 1000));
    expect(readPutAnswers((await client.reply(request)).header)[0]?.outcome).toBe('failed');
    expect(server.counter('dropped_stalled')).toBe(1);
    expect(await client.get('a')).toEqual([undefined]);
  });

  it('serves 200 clients that put and get at the same time', async () => {
    await start({ arenaBytes: 64 * MIB, memory: true });
    const clients = await Promise.all(Array.from({ length: 200 }, () => TcpTestClient.open(server.port)));
    await Promise.all(
      clients.map(async (each, n) => {
        for (let round = 0; round < 5; round++) {
          const bytes = chunkBytes(1000 + n * 97 + round, n);
          expect((await each.put(`${n}-${round}`, bytes)).outcome).toBe('stored');
          const [found, missing] = await each.get(`${n}-${round}`, 'none');
          expectBytes(found!, bytes);
          expect(missing).toBeUndefined();
        }
      }),
    );
    expect(server.door.doorStatus().connections).toBe(201);
    for (const each of clients) each[Symbol.dispose]();
    await expectEventually(() => server.door.doorStatus().connections === 1);
    expectBytes((await get(server, ChunkKey.of('7-4')))!, chunkBytes(1000 + 7 * 97 + 4, 7));
  }, 30_000);

  it('refuses clients beyond the limit without a word', async () => {
    await start({ limits: { maxConnections: 1 } });
    using other = await TcpTestClient.open(server.port, { hello: false });
    await other.closed;
    expect(server.counter('connections_refused')).toBe(1);
    expect(await client.flags(EXISTS, ['a'])).toEqual([0]);
  });
});
