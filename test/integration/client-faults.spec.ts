import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { connect, type ConnectOptions, type KvnestClient } from '../../src/client/index.js';
import { encodeFrame, FRAME_TYPES } from '../../src/protocols/kvnest-tcp/frame.js';
import {
  encodePutAnswers,
  getAnswerBytes,
  MISS_ANSWER,
  writeGetAnswer,
} from '../../src/protocols/kvnest-tcp/replies.js';
import { expectEventually } from '../support/eventually.js';
import { describeWithPeer, missingCommand } from '../support/peer.js';
import { createTestTcpDoor } from '../support/tcp-door.js';
import {
  type ClientFrame,
  type ScriptedConnection,
  TcpScriptedServer,
} from '../support/tcp-scripted-server.js';
import { makeCertificates } from '../support/tls-certificates.js';

const QUICK: ConnectOptions = {
  connections: { control: 1, bulk: 1 },
  connectTimeoutMs: 5000,
  reconnect: { minMs: 1, maxMs: 10 },
};

function found(checksum = 0): Buffer {
  const header = Buffer.alloc(getAnswerBytes(Buffer.alloc(0)));
  writeGetAnswer(header, 0, { checksum, metadata: Buffer.alloc(0) });
  return header;
}

function isRequest(frame: ClientFrame, pattern: ClientFrame['pattern']): boolean {
  return frame.type === FRAME_TYPES.REQUEST && frame.pattern === pattern;
}

describe('a server that does not what it should (scripted: none does so when it is told to)', () => {
  it.each([
    ['speaks HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
    [
      'says a hello that is none',
      Buffer.from('010000000000000002000000000000000000000000000000' + '7b7d', 'hex'),
    ],
  ])('%s is KV_CLIENT_PROTOCOL', async (_, hello) => {
    await using server = await TcpScriptedServer.start({ hello });
    await expect(connect(server.url, QUICK)).rejects.toMatchObject({ code: 'KV_CLIENT_PROTOCOL' });
    await expectEventually(() => server.open.length === 0);
  });

  it('says nothing is not waited for longer than connectTimeoutMs', async () => {
    await using server = await TcpScriptedServer.start({ hello: false });
    await expect(connect(server.url, { ...QUICK, connectTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'KV_CLIENT_UNAVAILABLE',
    });
    await expectEventually(() => server.open.length === 0);
  });

  it('hangs up when it has a request: what may be repeated is, what may not is KV_CLIENT_UNAVAILABLE', async () => {
    const seen: string[] = [];
    await using server = await TcpScriptedServer.start({
      onFrame: (frame, connection) => {
        seen.push(frame.pattern);
        const count = seen.filter((pattern) => pattern === frame.pattern).length;
        if (count === 1) connection.socket.destroy();
        else if (frame.pattern === 'PUT')
          connection.reply(frame.id, encodePutAnswers([{ outcome: 'stored', tiers: 1, checksum: 0 }]));
        else connection.reply(frame.id, found(), Buffer.from('value'));
      },
    });
    await using client = await connect(server.url, QUICK);
    expect(await client.get('key')).toEqual(Buffer.from('value'));
    expect(await client.put('key', Buffer.from('x'))).toMatchObject({ stored: true });
    await expect(client.delete(['key'])).rejects.toMatchObject({ code: 'KV_CLIENT_UNAVAILABLE' });
    await expect(client.pin(['key'])).rejects.toMatchObject({ code: 'KV_CLIENT_UNAVAILABLE' });
    expect(seen).toEqual(['GET', 'GET', 'PUT', 'PUT', 'DELETE', 'PIN']);
  });

  it('hangs up on the same request again and again: it ends', async () => {
    let asked = 0;
    await using server = await TcpScriptedServer.start({
      onFrame: (_, { socket }) => {
        asked++;
        socket.destroy();
      },
    });
    await using client = await connect(server.url, QUICK);
    await expect(client.get('key')).rejects.toMatchObject({ code: 'KV_CLIENT_UNAVAILABLE' });
    expect(asked).toBe(2);
  });

  it('hangs up on a message: it may have carried it out, and no other is told the same', async () => {
    let others = 0;
    await using server = await TcpScriptedServer.start({ onFrame: (_, { socket }) => socket.destroy() });
    await using other = await TcpScriptedServer.start({ onFrame: () => others++ });
    const both = `${server.url},${other.url.replace('kvnest://', '')}`;
    await using client = await connect(both, QUICK);
    await expect(firstValueFrom(client.send('count', {}))).rejects.toMatchObject({
      code: 'KV_CLIENT_UNAVAILABLE',
    });
    expect(others).toBe(0);
  });

  it('breaks off in a prefix: it is gone on with, and no chunk comes twice', async () => {
    let streams = 0;
    await using server = await TcpScriptedServer.start({
      onFrame: ({ id, type }, connection) => {
        if (type !== FRAME_TYPES.REQUEST) return;
        streams++;
        const place = { start_token: 0, tokens: 4, key: 'k', checksum: '00000000' };
        const last = streams === 1 ? 1 : 3;
        for (let index = 0; index <= last; index++) {
          const body = Buffer.from(`chunk ${index}`);
          const cut = streams === 1 && index === last ? body.subarray(0, 3) : body;
          connection.frame(
            { type: FRAME_TYPES.REPLY, requestId: id, bodyBytes: body.length },
            { ...place, index },
            cut,
          );
        }
        if (streams === 1) connection.socket.end();
        else connection.reply(id, { hit_tokens: 16, chunks: 4 });
      },
    });
    await using client = await connect(`${server.url}?model=m`, QUICK);
    const chunks: string[] = [];
    for await (const { bytes } of client.retrieve([1, 2, 3, 4])) chunks.push(Buffer.from(bytes).toString());
    expect(chunks).toEqual(['chunk 0', 'chunk 1', 'chunk 2', 'chunk 3']);
    expect(streams).toBe(2);
  });

  it.each<[string, (frame: ClientFrame, connection: ScriptedConnection) => void]>([
    ['answers for fewer keys', ({ id }, connection) => connection.reply(id, Buffer.alloc(1))],
    ['answers what nobody asked', (_, connection) => connection.reply(4711, Buffer.alloc(2))],
    ['sends no frames any more', (_, { socket }) => socket.write(Buffer.alloc(100, 255))],
    [
      'sends an error that is none',
      ({ id }, connection) => connection.frame({ type: FRAME_TYPES.ERROR, requestId: id }, Buffer.from('{')),
    ],
    [
      'sends a request',
      ({ id }, connection) => connection.frame({ type: FRAME_TYPES.REQUEST, requestId: id }),
    ],
  ])('%s: the connection ends, and the next call is well', async (_, misbehave) => {
    let isWell = false;
    await using server = await TcpScriptedServer.start({
      onFrame: (frame, connection) => {
        if (isWell) connection.reply(frame.id, Buffer.alloc(2, 1));
        else misbehave(frame, connection);
      },
    });
    await using client = await connect(server.url, QUICK);
    await expect(client.exists(['a', 'b'])).rejects.toMatchObject({ code: 'KV_CLIENT_PROTOCOL' });
    isWell = true;
    expect(await client.exists(['a', 'b'])).toEqual([true, true]);
  });

  it('says why it ends the connection: calls end with that', async () => {
    await using server = await TcpScriptedServer.start({
      onFrame: (_, connection) => {
        connection.error(0, 'KV_TCP_FRAME');
        connection.socket.end();
      },
    });
    await using client = await connect(server.url, QUICK);
    await expect(client.exists(['a'])).rejects.toMatchObject({
      code: 'KV_TCP_FRAME',
      message: 'this is KV_TCP_FRAME',
    });
  });

  it('says that the time is over: KV_CLIENT_TIMEOUT, and it was told how much there was', async () => {
    const times: number[] = [];
    await using server = await TcpScriptedServer.start({
      onFrame: ({ id, timeoutMs }, connection) => {
        times.push(timeoutMs);
        connection.error(id, 'KV_TCP_TIMEOUT');
      },
    });
    await using client = await connect(server.url, QUICK);
    await expect(client.exists(['a'], { timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'KV_CLIENT_TIMEOUT',
    });
    await expect(client.exists(['a'], { timeoutMs: 0 })).rejects.toMatchObject({ code: 'KV_CLIENT_TIMEOUT' });
    expect(times[0]).toBeGreaterThan(0);
    expect(times[0]).toBeLessThanOrEqual(5000);
    expect(times[1]).toBe(0);
  });

  it('takes few requests at a time: the others wait here', async () => {
    let inFlight = 0;
    let most = 0;
    await using server = await TcpScriptedServer.start({
      hello: { limits: { in_flight: 3 } },
      onFrame: ({ id }, connection) => {
        most = Math.max(most, ++inFlight);
        setImmediate(() => {
          inFlight--;
          connection.reply(id, Buffer.alloc(1));
        });
      },
    });
    await using client = await connect(server.url, QUICK);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => client.exists([`key-${i}`])));
    expect(answers).toHaveLength(50);
    expect(most).toBe(3);
  });

  it('stops in the midst of a value: small requests are not held up, and a signal ends the wait', async () => {
    const cancelled: number[] = [];
    await using server = await TcpScriptedServer.start({
      onFrame: (frame, connection) => {
        if (frame.type === FRAME_TYPES.CANCEL) cancelled.push(frame.id);
        else if (frame.pattern === 'GET')
          connection.frame(
            { type: FRAME_TYPES.REPLY, requestId: frame.id, flags: 1, bodyBytes: 1_000_000 },
            found(),
            Buffer.alloc(1000),
          );
        else connection.reply(frame.id, Buffer.alloc(1, 1));
      },
    });
    await using client = await connect(server.url, QUICK);
    const controller = new AbortController();
    const value = client.get('large', { signal: controller.signal });
    expect(await client.exists(['small'])).toEqual([true]);
    controller.abort(new Error('enough'));
    await expect(value).rejects.toThrow('enough');
    await expectEventually(() => cancelled.length === 1);
  });

  it('is about to end: reads go on there until another takes them', async () => {
    const served: number[] = [];
    await using server = await TcpScriptedServer.start({
      onFrame: ({ id }, connection) => {
        served.push(connection.number);
        connection.reply(id, MISS_ANSWER);
      },
    });
    await using client = await connect(server.url, QUICK);
    await client.get('key');
    const old = served.at(-1)!;
    const connection = server.connections[old]!;
    connection.frame({ type: FRAME_TYPES.GOAWAY }, { reason: 'draining', deadline_ms: 1000 });
    await expectEventually(async () => {
      await client.get('key');
      return served.at(-1) !== old;
    });
    expect(connection.socket.destroyed).toBe(false);
    connection.socket.end();
    await client.get('key');
  });

  it('asks whether anybody is there, and is answered', async () => {
    const pongs: number[] = [];
    await using server = await TcpScriptedServer.start({
      onFrame: ({ type, id }) => {
        if (type === FRAME_TYPES.PONG) pongs.push(id);
      },
    });
    await using client = await connect(server.url, QUICK);
    server.connections[0]!.frame({ type: FRAME_TYPES.PING, requestId: 77 });
    await expectEventually(() => pongs.includes(77));
    await client.close();
  });

  it('asks so without end, and reads no answer: what waits for it is bounded', async () => {
    const pongs: number[] = [];
    await using server = await TcpScriptedServer.start({
      onFrame: ({ type, id }) => {
        if (type === FRAME_TYPES.PONG) pongs.push(id);
      },
    });
    await using client = await connect(server.url, QUICK);
    const { socket } = server.connections[0]!;
    const pings = Array.from({ length: 5000 }, (_, index) =>
      encodeFrame({ type: FRAME_TYPES.PING, requestId: index + 1 }),
    );
    socket.write(Buffer.concat(pings));
    const last = encodeFrame({ type: FRAME_TYPES.PING, requestId: 7777 });
    await expectEventually(() => socket.write(last) && pongs.includes(7777));
    expect(pongs.length).toBeLessThan(2500);
    await client.close();
  });

  it('sends a value that is damaged: a miss, where values are held against their checksums', async () => {
    await using server = await TcpScriptedServer.start({
      onFrame: (frame, connection) => {
        if (isRequest(frame, 'GET')) connection.reply(frame.id, found(1), Buffer.from('damaged'));
        else
          connection.reply(
            frame.id,
            { index: 0, start_token: 0, tokens: 4, key: 'k', checksum: '00000001' },
            Buffer.from('x'),
          );
      },
    });
    const read = async (client: KvnestClient): Promise<readonly unknown[]> => {
      const { done } = await client.retrieve([1])[Symbol.asyncIterator]().next();
      const [one] = await client.getMany(['key']);
      return [(await client.get('key'))?.length, one?.bytes.length, done];
    };
    await using trusting = await connect(`${server.url}?model=m`, QUICK);
    expect(await read(trusting)).toEqual([7, 7, false]);
    await using careful = await connect(`${server.url}?model=m`, { ...QUICK, verify: true });
    expect(await read(careful)).toEqual([undefined, undefined, true]);
  });

  it('does not read headers of such a length: that is said before it is sent', async () => {
    await using server = await TcpScriptedServer.start();
    await using client = await connect(server.url, QUICK);
    await expect(client.status({ timeoutMs: 50 })).resolves.toBeDefined();
    await expect(client.lookup([1], { model: 'm'.repeat(70_000) })).rejects.toMatchObject({
      code: 'KV_CLIENT_INPUT',
    });
    expect(server.open.length).toBeGreaterThan(0);
  });
});

describe('a server that asks for a token', () => {
  it('lets in who has it; another is told so, and not repeated', async () => {
    await using door = await createTestTcpDoor({ token: 'right' });
    const where = `127.0.0.1:${door.port}`;
    await using client = await connect(`kvnest://right@${where}`);
    expect(await client.exists(['key'])).toEqual([false]);
    const wrong = await connect(`kvnest://very-secret@${where}`).catch((error: unknown) => error);
    expect(wrong).toMatchObject({ code: 'KV_AUTH_WRONG' });
    expect(inspect(wrong)).not.toContain('very-secret');
    await expect(connect(`kvnest://${where}`)).rejects.toMatchObject({ code: 'KV_AUTH_REQUIRED' });
  });
});

describeWithPeer(missingCommand('openssl', ['version']))('over TLS', () => {
  it('values come and go whole, and a stranger is not trusted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-client-tls-'));
    try {
      const { authority, server } = makeCertificates(folder);
      const tls = { cert: server.certificate, key: server.key, clientCa: undefined };
      await using door = await createTestTcpDoor({ limits: { tls } });
      const url = `kvnests://127.0.0.1:${door.port}?model=m`;
      await using client = await connect(url, { tls: { ca: readFileSync(authority) } });
      const bytes = Buffer.alloc(5_000_000, 'over TLS');
      expect((await client.put('key', bytes)).stored).toBe(true);
      expect(bytes.equals((await client.get('key', { into: Buffer.alloc(6_000_000) }))!)).toBe(true);
      await expect(connect(url)).rejects.toMatchObject({ code: 'KV_CLIENT_UNAVAILABLE' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
