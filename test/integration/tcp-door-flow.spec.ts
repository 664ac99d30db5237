import { setImmediate as nextTurn } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { readPutAnswers } from '../../src/protocols/kvnest-tcp/replies.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';
import { keyList, putList } from '../support/tcp-client.js';
import { SlowTcpDoor, turns } from '../support/slow-tcp-door.js';

const MIB = 1024 * 1024;
const { EXISTS, GET, PUT, LOOKUP, RETRIEVE, STORE } = PATTERNS;

describe('tcp door: requests in flight', () => {
  const door = new SlowTcpDoor();

  describe('order', () => {
    it('answers what it knows before what it waits for', async () => {
      await door.start();
      await door.putBelow('a');
      door.slow.hold();
      const waiting = door.client.request(GET, keyList(['a']));
      const stored = door.client.request(PUT, putList([{ key: 'b', lengthBytes: 9 }]), {
        body: Buffer.alloc(9),
      });
      const quick = door.client.request(EXISTS, keyList(['b']));
      expect(readPutAnswers((await door.client.reply(stored)).header)[0]?.outcome).toBe('stored');
      expect([...(await door.client.reply(quick)).header]).toEqual([1]);
      expect(door.client.frames.some(({ prefix }) => prefix.requestId === waiting)).toBe(false);
      door.slow.release();
      expectBytes((await door.client.reply(waiting)).body, chunkBytes(100));
    });

    it('keeps that of the answers to one request, however its chunks arrive', async () => {
      await door.start();
      for (let i = 0; i < 12; i++) await door.putBelow(`low-${i}`, chunkBytes(20_000, i));
      for (let i = 0; i < 12; i++) await door.client.put(`top-${i}`, chunkBytes(20_000, 100 + i));
      const keys = Array.from({ length: 24 }, (_, i) => (i % 2 ? `top-${i >> 1}` : `low-${i >> 1}`));
      const replies = await door.client.replies(door.client.request(GET, keyList(keys)));
      replies.forEach(({ body }, i) => expectBytes(body, chunkBytes(20_000, (i >> 1) + (i % 2) * 100)));
    });
  });

  describe('limit', () => {
    beforeEach(() => door.start({ limits: { maxInFlight: 4, heartbeatMs: 200 } }));

    it('leaves the next request unread, and reads what ends others', async () => {
      await door.putBelow('a');
      door.slow.hold();
      const waiting = [1, 2, 3, 4].map(() => door.client.request(GET, keyList(['a'])));
      door.client.cancel(waiting[0]!);
      const fifth = door.client.request(GET, keyList(['a']));
      expect(await door.client.error(waiting[0]!)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
      const sixth = door.client.request(EXISTS, keyList(['a', 'b']));
      const seventh = door.client.request(EXISTS, keyList(['a']));
      await turns();
      const { commands } = { commands: door.server.counter('commands') };
      expect(commands).toBe(1 + 5);
      door.slow.release();
      for (const id of [...waiting.slice(1), fifth])
        expectBytes((await door.client.reply(id)).body, chunkBytes(100));
      expect((await door.client.reply(sixth)).header).toHaveLength(2);
      expect((await door.client.reply(seventh)).header).toHaveLength(1);
    });

    it('is forgotten with a client that goes meanwhile', async () => {
      await door.putBelow('a');
      door.slow.hold();
      for (let i = 0; i < 10; i++) door.client.request(GET, keyList(['a']));
      await expectEventually(() => door.server.counter('commands') === 5);
      door.client.socket.resetAndDestroy();
      await expectEventually(() => door.server.door.doorStatus().connections === 0);
      door.slow.release();
      await turns();
      expect(door.server.counter('commands')).toBe(5);
    });
  });

  describe('cancel', () => {
    beforeEach(() => door.start());

    it('ends a request at once, and what arrives for it is given back', async () => {
      await door.putBelow('a', chunkBytes(MIB));
      door.slow.hold();
      const request = door.client.request(GET, keyList(['a', 'a', 'a']));
      door.client.cancel(request);
      expect(await door.client.error(request)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
      door.slow.release();
      expect(await door.client.flags(EXISTS, ['a'])).toEqual([expect.any(Number)]);
      expect(door.server.counter('cancelled')).toBe(1);
      expect(door.client.frames.filter(({ prefix }) => prefix.requestId === request)).toHaveLength(1);
    });

    it('of what is answered, or was never asked, changes nothing', async () => {
      const request = door.client.request(EXISTS, keyList(['a']));
      door.client.cancel(request);
      door.client.cancel(77);
      door.client.cancel(0);
      expect((await door.client.reply(request)).prefix.type).toBe(FRAME_TYPES.REPLY);
      expect(await door.client.flags(EXISTS, ['a'])).toEqual([0]);
      expect(door.client.frames.filter(({ prefix }) => prefix.type === FRAME_TYPES.ERROR)).toEqual([]);
    });

    it('does not take back what was put', async () => {
      door.slow.hold();
      const list = putList([{ key: 'a', lengthBytes: 3 }], { ack: 'all' });
      const request = door.client.request(PUT, list, { body: Buffer.from('abc') });
      door.client.cancel(request);
      expect(await door.client.error(request)).toMatchObject({ code: 'KV_TCP_CANCELLED' });
      expect(await door.client.get('a')).toEqual([Buffer.from('abc')]);
    });

    it('stops a retrieve in the midst of its chunks', async () => {
      const tokens = Buffer.alloc(256 * 20 * 4);
      const header = { model: 'm', tokens: 256 * 20 };
      const chunks = Array.from({ length: 20 }, (_, index) => ({ index, length: 500_000 }));
      const body = Buffer.concat([tokens, Buffer.alloc(20 * 500_000)]);
      await door.client.reply(
        door.client.request(STORE, Buffer.from(JSON.stringify({ ...header, chunks })), { body }),
      );
      door.client.socket.pause();
      const request = door.client.request(RETRIEVE, Buffer.from(JSON.stringify(header)), { body: tokens });
      await expectEventually(() => door.server.references() > 0);
      door.client.cancel(request);
      await expectEventually(() => door.server.counter('cancelled') === 1);
      door.client.socket.resume();
      const replies = await door.client.replies(request);
      expect(replies.at(-1)?.prefix.type).toBe(FRAME_TYPES.ERROR);
      expect(replies.length).toBeLessThan(20);
    });

    it('races with answers, and each request ends once', async () => {
      for (let i = 0; i < 10; i++) await door.putBelow(`${i}`, chunkBytes(200_000, i));
      const random = new SeededRandom(5);
      const ids: number[] = [];
      for (let i = 0; i < 200; i++) {
        const id = door.client.request(GET, keyList(Array.from({ length: 3 }, () => `${random.below(12)}`)));
        ids.push(id);
        if (random.below(2) === 0) door.client.cancel(id);
        if (random.below(4) === 0) await nextTurn();
        if (random.below(20) === 0) door.client.cancel(ids[random.below(ids.length)]!);
        if (random.below(10) === 0)
          await door.server.stack.tiers[0]!.backend.remove(ChunkKey.of(`${random.below(10)}`));
      }
      for (const id of ids) {
        const replies = await door.client.replies(id);
        if (replies.at(-1)?.prefix.type !== FRAME_TYPES.ERROR) expect(replies).toHaveLength(3);
      }
      expect(await door.client.flags(EXISTS, ['none'])).toEqual([0]);
      expect(
        new Set(ids.map((id) => door.client.frames.filter(({ prefix }) => prefix.requestId === id).length))
          .size,
      ).toBeGreaterThan(1);
    }, 20_000);
  });

  describe('time-out', () => {
    beforeEach(() => door.start());

    it('ends a request that waits', async () => {
      await door.putBelow('a');
      door.slow.hold();
      const request = door.client.request(GET, keyList(['a']), { timeoutMs: 20 });
      expect(await door.client.error(request)).toMatchObject({ code: 'KV_TCP_TIMEOUT', retryable: true });
      expect(door.server.counter('timeouts')).toBe(1);
      door.slow.release();
    });

    it('ends a put whose body does not come, and its room is given back', async () => {
      const values = [chunkBytes(1000, 1), chunkBytes(200_000, 2)] as const;
      const header = putList([
        { key: 'a', lengthBytes: 1000 },
        { key: 'b', lengthBytes: 200_000 },
      ]);
      const request = door.client.request(PUT, header, { bodyBytes: 201_000, timeoutMs: 50 });
      door.client.socket.write(values[0]);
      door.client.socket.write(values[1].subarray(0, 100_000));
      await expectEventually(() => door.server.references() === 1);
      expect(await door.client.error(request)).toMatchObject({ code: 'KV_TCP_TIMEOUT' });
      expect(door.server.references()).toBe(0);
      door.client.socket.write(values[1].subarray(100_000));
      const [a, b] = await door.client.get('a', 'b');
      expectBytes(a!, values[0]);
      expect(b).toBeUndefined();
    });

    it('of weeks is as good as none', async () => {
      const request = door.client.request(GET, keyList(['a']), { timeoutMs: 2 ** 32 - 1 });
      expect((await door.client.reply(request)).prefix.type).toBe(FRAME_TYPES.REPLY);
    });
  });

  it('takes a number again that is free, and no other', async () => {
    await door.start();
    await door.putBelow('a');
    for (let i = 0; i < 5; i++)
      await door.client.reply(door.client.request(EXISTS, keyList(['a']), { requestId: 9 }));
    door.slow.hold();
    door.client.request(GET, keyList(['a']), { requestId: 9 });
    door.client.request(EXISTS, keyList(['a']), { requestId: 9 });
    expect(await door.client.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
    await door.client.closed;
  });

  it('answers what fails inside with an error, and goes on', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await door.start({
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
      door.client.request(GET, keyList(['a', 'b', 'c', 'd', 'e', 'f'])),
      door.client.request(PATTERNS.DELETE, keyList(['a'])),
      door.client.request(LOOKUP, Buffer.from('{"model":"m","tokens":1}'), { body: Buffer.alloc(4) }),
    ];
    for (const id of requests) expect(await door.client.error(id)).toMatchObject({ code: 'KV_INTERNAL' });
    expect(await door.client.flags(EXISTS, ['a'])).toEqual([0]);
    expect(door.server.counter('command_failures')).toBe(3);
    expect(logged).toHaveBeenCalledTimes(3);
    logged.mockRestore();
  });
});
