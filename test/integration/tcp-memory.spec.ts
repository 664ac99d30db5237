import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NEVER } from 'rxjs';
import { encodeFrame, FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { expectEventually } from '../support/eventually.js';
import { keyList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';
import { TcpListener } from '../support/tcp-listener.js';
import { hello } from '../support/tcp-random-frames.js';

const MIB = 1024 * 1024;
const MAX_HELD_BYTES = 16 * MIB;
const REQUESTS = 60;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('tcp door: what it holds for one client', () => {
  let server: TestTcpDoor;
  let socket: Socket;
  let listener: TcpListener;

  beforeEach(async () => {
    server = await createTestTcpDoor({
      prepare: ({ strategy }) => strategy.addHandler('endless', () => Promise.resolve(NEVER)),
    });
    socket = connect(server.port, '127.0.0.1');
    listener = new TcpListener(socket);
    await once(socket, 'connect');
  });
  afterEach(async () => {
    socket.destroy();
    await server.close();
  });

  function request(pattern: number, requestId: number, header: Buffer): Buffer {
    return encodeFrame({ type: FRAME_TYPES.REQUEST, pattern, requestId }, header);
  }

  /** That many are in flight, and no more are taken. */
  async function expectInFlight(requests: number): Promise<void> {
    await expectEventually(() => server.counter('commands') >= requests);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(server.counter('commands')).toBe(requests);
  }

  it('is a bounded part of what a client asks that does not read', async () => {
    using writer = await TcpTestClient.open(server.port);
    await writer.put('big', Buffer.alloc(12 * MIB));
    const keys = Array.from({ length: 250 }, (_, index) => `none ${index}`.padEnd(4096));
    const header = keyList(keys);
    socket.pause();
    socket.write(Buffer.concat([hello(), request(PATTERNS.GET, 1, keyList(['big', 'big']))]));
    for (let id = 2; id <= REQUESTS; id++) socket.write(request(PATTERNS.GET, id, header));
    await expectInFlight(2 + Math.ceil(MAX_HELD_BYTES / header.length));
    socket.resume();
    await listener.ended(REQUESTS);
    expect([...listener.ends.keys()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: REQUESTS }, (_, index) => index + 1),
    );
    expect(listener.codes.size).toBe(0);
  });

  it('is a bounded part of what it asks that is answered without an end', async () => {
    const header = Buffer.from(JSON.stringify({ pattern: 'endless', data: 'x'.repeat(6 * MIB) }));
    const frames = [1, 2, 3, 4, 5].map((id) => request(PATTERNS.NAMED, id, header));
    socket.write(Buffer.concat([hello(), ...frames.slice(0, 3)]));
    await expectInFlight(3);
    socket.write(encodeFrame({ type: FRAME_TYPES.CANCEL, requestId: 1 }));
    await listener.ended(1);
    socket.write(Buffer.concat(frames.slice(3)));
    await expectInFlight(4);
    expect([...listener.codes]).toEqual(['KV_TCP_CANCELLED']);
  });

  describe('when it takes back what it has asked', () => {
    const CANCELLED = 64;

    function heldMib(): number {
      collectGarbage();
      return process.memoryUsage().arrayBuffers / MIB;
    }

    /** Although what waits behind an answer that nobody reads is asked for and taken back, again and again. */
    async function expectNothingHeld(pattern: number, header: Buffer, body = Buffer.alloc(0)): Promise<void> {
      using writer = await TcpTestClient.open(server.port);
      await writer.put('big', Buffer.alloc(12 * MIB));
      socket.pause();
      socket.write(Buffer.concat([hello(), request(PATTERNS.GET, 1, keyList(['big', 'big']))]));
      const ask = (requestId: number): Buffer => {
        const fields = { type: FRAME_TYPES.REQUEST, pattern, requestId, bodyBytes: body.length };
        return Buffer.concat([encodeFrame(fields, header), body]);
      };
      socket.write(ask(2));
      const frame = Buffer.concat([ask(3), encodeFrame({ type: FRAME_TYPES.CANCEL, requestId: 3 })]);
      const before = heldMib();
      for (let i = 0; i < CANCELLED; i++) socket.write(frame);
      await expectEventually(() => server.counter('commands') >= 3 + CANCELLED);
      await expectEventually(() => heldMib() - before < 32);
      await expectEventually(() => server.counter('cancelled') === CANCELLED);
    }

    it('holds no keys of it', async () => {
      await expectNothingHeld(
        PATTERNS.GET,
        keyList(Array.from({ length: 250 }, (_, index) => `none ${index}`.padEnd(4096))),
      );
    });

    it('holds no tokens of it', async () => {
      const body = Buffer.alloc(MIB);
      const header = Buffer.from(JSON.stringify({ model: 'm', tokens: MIB / 4 }));
      await expectNothingHeld(PATTERNS.RETRIEVE, header, body);
    });
  });
});
