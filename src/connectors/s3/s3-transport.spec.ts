import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { expectEventually } from '../../../test/support/eventually.js';
import { S3Transport } from './s3-transport.js';

const MIB = 2 ** 20;
const servers: Server[] = [];
const transports: S3Transport[] = [];

afterEach(async () => {
  for (const transport of transports.splice(0)) transport.destroy();
  for (const server of servers.splice(0)) await once(server.close(), 'close');
});

async function listening(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function transport(maxSockets = 4): S3Transport {
  const made = new S3Transport({ maxSockets, ca: undefined });
  transports.push(made);
  return made;
}

function put(port: number, body: Readable, lengthBytes: number): Parameters<S3Transport['handle']>[0] {
  const headers = { 'content-length': String(lengthBytes) };
  return { protocol: 'http:', hostname: '127.0.0.1', port, method: 'PUT', path: '/a', headers, body };
}

function get(port: number, query = {}): Parameters<S3Transport['handle']>[0] {
  return { protocol: 'http:', hostname: '127.0.0.1', port, method: 'GET', path: '/a', headers: {}, query };
}

describe('S3 transport', () => {
  it('sends what it is given, over one connection, and gives status, headers and body', async () => {
    let connections = 0;
    const server = createHttpServer((request, response) => {
      void text(request).then((body) => {
        response
          .writeHead(207, { 'x-a': ['1', '2'] })
          .end(`${request.method ?? ''} ${request.url ?? ''} ${body}`);
      });
    }).on('connection', () => connections++);
    const port = await listening(server);
    const made = transport();
    const query = { plain: null, list: ['a', 'b'], 'x-id': "it's (a) *!" };
    const read = await made.handle(get(port, query));
    expect(read.response.statusCode).toBe(207);
    expect(read.response.headers).toMatchObject({ 'x-a': '1, 2' });
    expect(await text(read.response.body)).toBe('GET /a?plain&list=a&list=b&x-id=it%27s%20%28a%29%20%2A%21 ');
    const written = await made.handle(put(port, Readable.from([Buffer.from('by'), Buffer.from('tes')]), 5));
    expect(await text(written.response.body)).toBe('PUT /a bytes');
    expect(connections).toBe(1);
  });

  it('sends nothing of a body any more once the call has settled, also when the answer came early', async () => {
    const received: Buffer[] = [];
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.once('data', (start: Buffer) => {
        received.push(start);
        // What the client can send from now on waits in the sockets.
        socket.pause();
        socket.write('HTTP/1.1 503 Slow Down\r\nContent-Length: 5\r\n\r\nlater');
      });
    });
    const port = await listening(server);
    const memory = Buffer.alloc(32 * MIB, 'a');
    const { response } = await transport().handle(put(port, Readable.from([memory]), memory.length));
    expect(response.statusCode).toBe(503);
    expect(await text(response.body)).toBe('later');
    memory.fill('b');
    sockets[0]!.on('data', (more: Buffer) => received.push(more)).resume();
    await once(sockets[0]!, 'close');
    const bytes = Buffer.concat(received);
    const body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4);
    expect(body.length).toBeLessThan(memory.length);
    expect(body.includes('b')).toBe(false);
  });

  it('sends nothing of a body any more once the call was taken back', async () => {
    const sockets: Socket[] = [];
    const port = await listening(
      createServer((socket) => sockets.push(socket.on('error', () => undefined).pause())),
    );
    const memory = Buffer.alloc(32 * MIB, 'a');
    const abort = new AbortController();
    const body = Readable.from([memory, memory]);
    const call = transport().handle(put(port, body, 2 * memory.length), { abortSignal: abort.signal });
    await expectEventually(() => sockets.length === 1);
    abort.abort();
    await expect(call).rejects.toThrow('the call was taken back');
    memory.fill('b');
    expect(body.destroyed).toBe(true);
    const received: Buffer[] = [];
    sockets[0]!.on('data', (bytes) => received.push(bytes)).resume();
    await once(sockets[0]!, 'close');
    expect(Buffer.concat(received).includes('b')).toBe(false);
  });

  it('settles what is taken back while it waits for a socket, and what waits behind it is answered', async () => {
    const answers: (() => void)[] = [];
    const server = createHttpServer((_, response) => answers.push(() => response.end('late')));
    const port = await listening(server);
    const made = transport(1);
    const first = made.handle(get(port));
    const abort = new AbortController();
    const second = made.handle(get(port), { abortSignal: abort.signal });
    const third = made.handle(get(port));
    await expectEventually(() => answers.length === 1);
    abort.abort();
    await expect(second).rejects.toThrow('the call was taken back');
    answers[0]!();
    expect(await text((await first).response.body)).toBe('late');
    await expectEventually(() => answers.length === 2);
    answers[1]!();
    expect(await text((await third).response.body)).toBe('late');
    await expect(made.handle(get(port), { abortSignal: abort.signal })).rejects.toThrow(
      'the call was taken back',
    );
  });

  it('tells an object that breaks off, and any other answer that does', async () => {
    const port = await listening(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this'));
      }),
    );
    const made = transport();
    const { response } = await made.handle(get(port, { 'x-id': 'GetObject' }));
    await expect(text(response.body)).rejects.toThrow('aborted');
    await expect(made.handle(get(port))).rejects.toThrow('before there was a whole answer');
  });

  it('does not gather an answer without end', async () => {
    let sentBytes = 0;
    const server = createHttpServer((_, response) => {
      const more = (): void => {
        while (response.writable && response.write(Buffer.alloc(MIB))) sentBytes += MIB;
      };
      response
        .writeHead(200)
        .on('drain', more)
        .on('error', () => undefined);
      more();
    });
    const port = await listening(server);
    await expect(transport().handle(get(port, { 'list-type': '2' }))).rejects.toThrow('has no end');
    expect(sentBytes).toBeLessThan(64 * MIB);
  });

  it('tells that nobody listens, and that a body fails', async () => {
    const gone = createServer();
    const port = await listening(gone);
    const failing = Readable.from(
      (async function* () {
        await Promise.resolve();
        yield Buffer.alloc(10);
        throw new Error('no more');
      })(),
    );
    await expect(transport().handle(put(port, failing, 20))).rejects.toThrow('no more');
    await once(servers.pop()!.close(), 'close');
    await expect(transport().handle(get(port))).rejects.toThrow('ECONNREFUSED');
  });
});
