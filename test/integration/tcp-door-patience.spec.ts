import { describe, expect, it } from '@jest/globals';
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
import { keyList, putList, TcpTestClient } from '../support/tcp-client.js';
import { SlowTcpDoor, turns } from '../support/slow-tcp-door.js';

const MIB = 1024 * 1024;
const { EXISTS, GET, PUT } = PATTERNS;

describe('tcp door: clients that are silent, slow or many', () => {
  const door = new SlowTcpDoor();

  describe('silence', () => {
    it('is asked about, and an answer is enough', async () => {
      await door.start({ limits: { heartbeatMs: 200 } });
      for (let i = 0; i < 5; i++) {
        const { prefix } = await door.client.take(({ prefix: { type } }) => type === FRAME_TYPES.PING);
        door.client.socket.write(encodeFrame({ type: FRAME_TYPES.PONG, requestId: prefix.requestId }));
      }
      expect(await door.client.flags(EXISTS, ['a'])).toEqual([0]);
      expect(door.server.counter('heartbeats_missed')).toBe(0);
    });

    it('ends the connection in the end, with what it had sent of a value', async () => {
      await door.start({ limits: { heartbeatMs: 20 } });
      door.client.request(PUT, putList([{ key: 'a', lengthBytes: MIB }]), { bodyBytes: MIB });
      door.client.socket.write(Buffer.alloc(1000));
      await door.client.closed;
      expect(door.server.counter('heartbeats_missed')).toBe(1);
      await expectEventually(() => door.server.references() === 0);
    });

    it('is not that of a client who waits to be read', async () => {
      await door.start({ limits: { heartbeatMs: 30, maxInFlight: 1 } });
      await door.putBelow('a');
      door.slow.hold();
      const requests = [1, 2].map(() => door.client.request(GET, keyList(['a'])));
      for (let i = 0; i < 5; i++) await door.client.take(({ prefix: { type } }) => type === FRAME_TYPES.PING);
      door.slow.release();
      for (const id of requests) expectBytes((await door.client.reply(id)).body, chunkBytes(100));
    });

    it('about the hello is short, whatever is sent instead', async () => {
      await door.start({ limits: { heartbeatMs: 20 } });
      using other = await TcpTestClient.open(door.server.port, { hello: false });
      const long = encodeFrame({ type: FRAME_TYPES.HELLO }, Buffer.alloc(60_000));
      other.socket.write(Buffer.concat([PREAMBLE, long.subarray(0, FRAME_PREFIX_BYTES)]));
      const dribble = setInterval(() => other.socket.write(Buffer.from([1])), 5);
      await other.closed;
      clearInterval(dribble);
      expect(other.frames).toEqual([]);
    });

    it('of the server does not come about: it answers pings at once', async () => {
      await door.start();
      door.client.socket.write(encodeFrame({ type: FRAME_TYPES.PING, requestId: 12 }));
      const { prefix } = await door.client.take(({ prefix: { type } }) => type === FRAME_TYPES.PONG);
      expect(prefix.requestId).toBe(12);
    });
  });

  describe('slow readers', () => {
    it('hold a bounded number of chunks, whatever they have asked for', async () => {
      await door.start({ arenaBytes: 48 * MIB });
      for (let i = 0; i < 16; i++) await door.client.put(`${i}`, chunkBytes(2 * MIB, i));
      door.client.socket.pause();
      const keys = Array.from({ length: 16 }, (_, i) => `${i}`);
      const requests = [1, 2, 3, 4, 5].map(() => door.client.request(GET, keyList(keys)));
      await expectEventually(() => door.server.counter('commands') === 21);
      await turns(200);
      expect(door.server.references()).toBeLessThanOrEqual(6);
      using other = await TcpTestClient.open(door.server.port);
      for (let i = 0; i < 50; i++) expect(await other.flags(EXISTS, ['3'])).toEqual([1]);
      door.client.socket.resume();
      for (const id of requests) {
        const replies = await door.client.replies(id);
        replies.forEach(({ body }, i) => expectBytes(body, chunkBytes(2 * MIB, i)));
      }
    });

    it('are cut off when they stop reading', async () => {
      await door.start({ arenaBytes: 64 * MIB, limits: { bodyTimeoutMs: 20 } });
      await put(door.server, ChunkKey.of('a'), Buffer.alloc(12 * MIB));
      door.client.socket.pause();
      door.client.request(GET, keyList(['a', 'a', 'a', 'a']));
      await expectEventually(() => door.server.counter('slow_readers_closed') === 1);
      await expectEventually(() => door.server.references() === 0);
    });

    it('that get no chunks are not read from in the end', async () => {
      const answer = 'x'.repeat(100_000);
      await door.start({
        limits: { maxInFlight: 16 },
        prepare: ({ strategy }) => strategy.addHandler('text', () => Promise.resolve(of(answer))),
      });
      door.client.socket.pause();
      const requests = Array.from({ length: 400 }, () => door.client.named('text'));
      let before = -1;
      while (door.server.counter('commands') !== before) {
        before = door.server.counter('commands');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(before).toBeLessThan(200);
      door.client.socket.resume();
      for (const id of requests) expect(await door.client.json(id)).toEqual({ data: answer });
    });
  });

  it('stalled in a value lose its place, and are answered when they go on', async () => {
    await door.start({ limits: { bodyTimeoutMs: 20 } });
    const request = door.client.request(PUT, putList([{ key: 'a', lengthBytes: MIB }]), { bodyBytes: MIB });
    door.client.socket.write(Buffer.alloc(1000));
    await expectEventually(() => door.server.references() === 1);
    await expectEventually(() => door.server.references() === 0);
    door.client.socket.write(Buffer.alloc(MIB - 1000));
    expect(readPutAnswers((await door.client.reply(request)).header)[0]?.outcome).toBe('failed');
    expect(door.server.counter('dropped_stalled')).toBe(1);
    expect(await door.client.get('a')).toEqual([undefined]);
  });

  it('serves 200 clients that put and get at the same time', async () => {
    await door.start({ arenaBytes: 64 * MIB, memory: true });
    const clients = await Promise.all(
      Array.from({ length: 200 }, () => TcpTestClient.open(door.server.port)),
    );
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
    expect(door.server.door.doorStatus().connections).toBe(201);
    for (const each of clients) each[Symbol.dispose]();
    await expectEventually(() => door.server.door.doorStatus().connections === 1);
    expectBytes((await get(door.server, ChunkKey.of('7-4')))!, chunkBytes(1000 + 7 * 97 + 4, 7));
  }, 30_000);

  it('refuses clients beyond the limit without a word', async () => {
    await door.start({ limits: { maxConnections: 1 } });
    using other = await TcpTestClient.open(door.server.port, { hello: false });
    await other.closed;
    expect(door.server.counter('connections_refused')).toBe(1);
    expect(await door.client.flags(EXISTS, ['a'])).toEqual([0]);
  });
});
