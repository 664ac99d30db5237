import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { of } from 'rxjs';
import { encodeFrame, FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { keyList, putList, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';
import { hello } from '../support/tcp-random-frames.js';

const AT_A_TIME = 32;
/** More than the buffers of a connection hold. */
const BIG_BYTES = 12 * 1024 * 1024;
const TOKENS = Buffer.from([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
const VECTORS = join(import.meta.dirname, '../vectors/kvnest-tcp.json');
const { frames } = JSON.parse(readFileSync(VECTORS, 'utf8')) as {
  readonly frames: readonly { readonly name: string; readonly frame: string; readonly hex: string }[];
};
const FROM_CLIENTS = new Set(['REQUEST', 'CANCEL', 'PING', 'PONG']);

describe('tcp door: clients that vanish', () => {
  let server: TestTcpDoor;

  beforeAll(async () => {
    server = await createTestTcpDoor({
      config: { savePartialChunks: true },
      prepare: ({ strategy }) => strategy.addHandler('kv.status', () => Promise.resolve(of({}))),
    });
  });
  afterEach(async () => {
    await expectNothingHeld();
    using client = await TcpTestClient.open(server.port);
    const bytes = chunkBytes(5000);
    await client.put('well', bytes);
    expectBytes((await client.get('well'))[0]!, bytes);
  });
  afterAll(() => server.close());

  async function expectNothingHeld(): Promise<void> {
    await expectEventually(() => server.references() === 0 && server.door.doorStatus().connections === 0);
  }

  async function open(): Promise<Socket> {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    await once(socket, 'connect');
    return socket;
  }

  /** Clients that send so much, and when the server has read it are gone: half of them with a reset. */
  async function vanish(sent: readonly Buffer[]): Promise<void> {
    const received = server.counter('bytes_in');
    const sockets = await Promise.all(sent.map(() => open()));
    sockets.forEach((socket, index) => socket.write(sent[index]!));
    const bytes = sent.reduce((sum, { length }) => sum + length, 0);
    await expectEventually(() => server.counter('bytes_in') === received + bytes);
    const closed = sockets.map((socket) => once(socket, 'close'));
    sockets.forEach((socket, index) => {
      if (index % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    });
    await Promise.all(closed);
  }

  /** With a client for each offset of the frame, gone before that byte. */
  async function expectNothingLeft(before: Buffer, frame: (offset: number) => Buffer): Promise<void> {
    const { length } = frame(0);
    const cut = Array.from({ length: length + 1 }, (_, offset) =>
      Buffer.concat([before, frame(offset).subarray(0, offset)]),
    );
    for (let at = 0; at <= length; at += AT_A_TIME) await vanish(cut.slice(at, at + AT_A_TIME));
    await expectNothingHeld();
    expect(server.counter('protocol_errors')).toBe(0);
  }

  it('in the midst of the hello leave nothing behind', async () => {
    await expectNothingLeft(Buffer.alloc(0), () => hello());
  });

  it.each(frames.filter(({ frame }) => FROM_CLIENTS.has(frame)))(
    'at any byte of $name leave nothing behind',
    async ({ hex }) => {
      await expectNothingLeft(hello(), () => Buffer.from(hex, 'hex'));
    },
  );

  it('in a put leave the values that came whole, and no others', async () => {
    const values = [chunkBytes(40), chunkBytes(60)] as const;
    const header = (offset: number): Buffer =>
      putList(
        values.map(({ length }, index) => ({ key: `whole-${index}-${offset + 1000}`, lengthBytes: length })),
      );
    const put = (offset: number): Buffer => {
      const fields = { type: FRAME_TYPES.REQUEST, pattern: PATTERNS.PUT, requestId: 1, bodyBytes: 100 };
      return Buffer.concat([encodeFrame(fields, header(offset)), ...values]);
    };
    await expectNothingLeft(hello(), put);
    const { length } = put(0);
    using client = await TcpTestClient.open(server.port);
    for (let offset = 0; offset <= length; offset++) {
      const [first, second] = await client.get(`whole-0-${offset + 1000}`, `whole-1-${offset + 1000}`);
      if (offset < length - 60) expect(first).toBeUndefined();
      else expectBytes(first!, values[0]);
      if (offset < length) expect(second).toBeUndefined();
      else expectBytes(second!, values[1]);
    }
  });

  it.each([
    ['get', PATTERNS.GET, keyList(['big', 'big', 'big', 'big']), Buffer.alloc(0)],
    ['retrieve', PATTERNS.RETRIEVE, Buffer.from('{"model":"m","tokens":4}'), TOKENS],
  ])('in the midst of the answer to a %s leave nothing behind', async (_, pattern, header, body) => {
    using client = await TcpTestClient.open(server.port);
    await client.put('big', Buffer.alloc(BIG_BYTES));
    const store = { model: 'm', tokens: 4, chunks: [{ index: 0, length: BIG_BYTES }] };
    const stored = Buffer.concat([TOKENS, Buffer.alloc(BIG_BYTES)]);
    await client.reply(client.request(PATTERNS.STORE, Buffer.from(JSON.stringify(store)), { body: stored }));
    for (let round = 0; round < 6; round++) {
      const socket = await open();
      socket.pause();
      const fields = { type: FRAME_TYPES.REQUEST, pattern, requestId: 1, bodyBytes: body.length };
      socket.write(Buffer.concat([hello(), encodeFrame(fields, header), body]));
      await expectEventually(() => server.references() > 0);
      if (round % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
      await expectEventually(() => server.references() === 0);
    }
    client[Symbol.dispose]();
    await expectNothingHeld();
  });
});
