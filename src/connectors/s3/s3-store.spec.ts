import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { errorOf } from '../../../test/contracts/backend/backend-world.js';
import { expectEventually } from '../../../test/support/eventually.js';
import { S3Store } from './s3-store.js';
import { S3Options } from './s3.config.js';

/** Stands in for a store, to show what is asked of it and to answer what no good store answers. */
let server: Server;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let store: S3Store;
let sockets: Set<Socket>;

beforeEach(async () => {
  server = createServer((request, response) => respond(request, response));
  const open = (sockets = new Set());
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const location = { bucket: 'kv', prefix: '', endpoint, region: undefined, pathStyle: true };
  const options = Object.assign(new S3Options(), { access_key_id: 'id', secret_access_key: 'secret' });
  store = await S3Store.open(location, options, 's3://kv');
});
afterEach(async () => {
  store.close();
  await once(server.close(), 'close');
});

describe('requests to S3', () => {
  it('a write is one plain request of known length, without a second checksum', async () => {
    const requests: { readonly headers: IncomingMessage['headers']; readonly url: string | undefined }[] = [];
    let body = Buffer.alloc(0);
    respond = ({ headers, url }, response) => {
      requests.push({ headers, url });
      void buffer(response.req).then((bytes) => {
        body = bytes;
        response.end();
      });
    };
    const parts = [Buffer.alloc(100, 'a'), Buffer.alloc(3 * 2 ** 20, 'b')];
    expect(await store.write('folder/name', parts, undefined)).toBe(true);
    expect(body.equals(Buffer.concat(parts))).toBe(true);
    expect(requests).toEqual([
      {
        url: '/kv/folder/name?x-id=PutObject',
        headers: expect.objectContaining({
          'content-length': String(100 + 3 * 2 ** 20),
          'content-type': 'application/octet-stream',
          'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        }),
      },
    ]);
    const names = Object.keys(requests[0]!.headers);
    expect(names.filter((name) => /expect|transfer|encoding|checksum|trailer|decoded/.test(name))).toEqual(
      [],
    );
  });

  it('an object without a length is an error, and its connection is given up', async () => {
    respond = (_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.write('without an end');
    };
    const error = await errorOf(() => store.read('name', () => Promise.resolve('taken'), undefined));
    expect(error).toMatchObject({ code: 'KV_REMOTE_PROTOCOL' });
    await expectEventually(() => sockets.size === 0);
  });

  it('the start of an object is what was asked for, in pieces or from a store that knows no ranges', async () => {
    const bytes = Buffer.from('0123456789');
    respond = ({ headers }, response) => {
      expect(headers.range).toBe('bytes=0-9');
      response.writeHead(206, { 'content-length': bytes.length });
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end();
    };
    expect(await store.readStart('name', 10, undefined)).toEqual(bytes);
    respond = (_, response) => {
      response.writeHead(200, { 'content-length': 2 ** 30 });
      response.write(Buffer.concat([bytes, Buffer.alloc(100)]));
    };
    expect(await store.readStart('name', 10, undefined)).toEqual(bytes);
    await expectEventually(() => sockets.size === 0);
  });

  it('what is not removed in a batch is an error', async () => {
    respond = (request, response) => {
      request.resume();
      response.end(
        '<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>',
      );
    };
    expect(await errorOf(() => store.removeMany(['a', 'b'], undefined))).toMatchObject({
      code: 'KV_REMOTE_REFUSED',
      message: expect.stringContaining('AccessDenied'),
    });
  });

  it('names the region that a bucket is in', async () => {
    respond = (_, response) => response.writeHead(301, { 'x-amz-bucket-region': 'eu-west-1' }).end();
    expect(await errorOf(() => store.probe('', undefined))).toMatchObject({
      code: 'KV_REMOTE_REFUSED',
      message: expect.stringContaining('eu-west-1'),
    });
  });
});
