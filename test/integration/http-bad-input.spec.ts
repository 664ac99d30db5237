import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { expectEventually } from '../support/eventually.js';
import { getHead, jsonOf, putHead, RawConnection, someBytes } from '../support/http-client.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';
import { SeededRandom } from '../support/seeded-random.js';

const SOAK = process.env['KVNEST_SOAK'] === '1';
const RANDOM_REQUESTS = SOAK ? 200_000 : 10_000;

let server: TestServer;

beforeAll(async () => {
  server = await startHttpServer({ limits: { maxValueBytes: 1024 * 1024 } });
});

afterEach(async () => {
  await expectEventually(() => server.engine.status().arena.references === 0);
});

afterAll(async () => {
  await server.close();
});

async function raw(bytes: string | Uint8Array): Promise<{ status: number; code: unknown; closed: boolean }> {
  const client = await RawConnection.open(server.port);
  client.send(bytes);
  const response = await client.response();
  const { error } = jsonOf(response) as { error?: { code: string } };
  client.close();
  return { status: response.status, code: error?.code, closed: response.headers['connection'] === 'close' };
}

const JSON_TYPE = 'Content-Type: application/json\r\n';

function post(path: string, body: string, headers = JSON_TYPE): string {
  return `POST ${path} HTTP/1.1\r\nHost: t\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

describe('errors are typed JSON with the right status', () => {
  it.each<[name: string, request: string, status: number, code: string]>([
    ['no such path', getHead('../../nothing'), 404, 'KV_HTTP_NO_ROUTE'],
    ["a '/' in a key that is not encoded", getHead('a/b'), 404, 'KV_HTTP_NO_ROUTE'],
    ['no such method', post('/v1/objects/a', '{}'), 405, 'KV_HTTP_METHOD'],
    ['a key that is not UTF-8', getHead('%FF%FE'), 400, 'KV_INPUT_KEY_ENCODING'],
    ['a key with a broken escape', getHead('%zz'), 400, 'KV_INPUT_KEY_ENCODING'],
    ['a key that is too long', getHead('k'.repeat(4097)), 400, 'KV_INPUT_INVALID'],
    ['a path that is too long', getHead('k'.repeat(13_000)), 414, 'KV_HTTP_URL_TOO_LONG'],
    [
      'headers that are too long',
      getHead('k', `X: ${'x'.repeat(30_000)}\r\n`),
      431,
      'KV_HTTP_HEADERS_TOO_LARGE',
    ],
    [
      'a body without a length',
      'PUT /v1/objects/a HTTP/1.1\r\nHost: t\r\n\r\n',
      411,
      'KV_HTTP_LENGTH_REQUIRED',
    ],
    ['a value that is too large', putHead('a', 1024 * 1024 + 1), 413, 'KV_INPUT_TOO_LARGE'],
    ['a length that is no number', putHead('a', NaN), 400, 'KV_HTTP_MALFORMED'],
    ['two lengths', putHead('a', 10, 'Content-Length: 11\r\n'), 400, 'KV_HTTP_MALFORMED'],
    ['a length and chunks', putHead('a', 10, 'Transfer-Encoding: chunked\r\n'), 400, 'KV_HTTP_MALFORMED'],
    ['no HTTP', 'SET a 1\r\n\r\n', 400, 'KV_HTTP_MALFORMED'],
    ['no Host', 'GET / HTTP/9.9\r\n\r\n', 400, 'KV_HTTP_MALFORMED'],
    ['a value of another type', post('/v1/prefix/store', '{}'), 415, 'KV_HTTP_CONTENT_TYPE'],
    [
      'JSON of another type',
      post('/v1/objects/exists', '{}', 'Content-Type: text/plain\r\n'),
      415,
      'KV_HTTP_CONTENT_TYPE',
    ],
    ['JSON without a type', post('/v1/objects/exists', '{}', ''), 415, 'KV_HTTP_CONTENT_TYPE'],
    ['broken JSON', post('/v1/objects/exists', '{"keys":'), 400, 'KV_HTTP_BAD_REQUEST'],
    ['no JSON at all', post('/v1/objects/exists', ''), 400, 'KV_HTTP_BAD_REQUEST'],
    ['JSON that is a list', post('/v1/objects/exists', '[]'), 400, 'KV_INPUT_INVALID'],
    ['a poisoned prototype', post('/v1/clear', '{"__proto__":{"a":1}}'), 400, 'KV_HTTP_BAD_REQUEST'],
    ['a constructor', post('/v1/clear', '{"constructor":1}'), 400, 'KV_INPUT_INVALID'],
    ['an unknown field', post('/v1/clear', '{"modle":"m"}'), 400, 'KV_INPUT_INVALID'],
    ['an unknown option', putHead('a?tll_ms=1', 1), 400, 'KV_INPUT_INVALID'],
    ['an option given twice', putHead('a?ttl_ms=1&ttl_ms=2', 1), 400, 'KV_INPUT_INVALID'],
    ['a namespace out of range', getHead('a?namespace=4294967296'), 400, 'KV_INPUT_INVALID'],
    ['metadata that is not base64', putHead('a', 1, 'x-kvnest-metadata: ?\r\n'), 400, 'KV_INPUT_INVALID'],
    [
      'metadata that is too long',
      putHead('a', 1, `x-kvnest-metadata: ${Buffer.alloc(1025).toString('base64')}\r\n`),
      400,
      'KV_INPUT_INVALID',
    ],
    ['a checksum that is none', putHead('a', 1, 'x-kvnest-checksum: 1\r\n'), 400, 'KV_INPUT_INVALID'],
    ['an empty list of keys', post('/v1/objects/exists', '{"keys":[]}'), 400, 'KV_INPUT_INVALID'],
    ['an empty key', post('/v1/objects/exists', '{"keys":[""]}'), 400, 'KV_INPUT_INVALID'],
  ])('%s', async (_name, request, status, code) => {
    expect(await raw(request)).toMatchObject({ status, code });
  });

  it('a JSON body that is too large', async () => {
    const client = await RawConnection.open(server.port);
    client.send(`POST /v1/clear HTTP/1.1\r\nHost: t\r\n${JSON_TYPE}Content-Length: 20000000\r\n\r\n`);
    const response = await client.response();
    expect([response.status, jsonOf(response)]).toMatchObject([
      413,
      { error: { code: 'KV_INPUT_TOO_LARGE' } },
    ]);
    client.close();
  });

  it('all problems at once', async () => {
    const client = await RawConnection.open(server.port);
    client.send(post('/v1/prefix/lookup', '{"model":7,"tokens":[1,-1],"world_size":0,"what":1}'));
    const { error } = jsonOf(await client.response()) as {
      error: { details: { problems: { path: string }[] } };
    };
    expect(error.details.problems.map(({ path }) => path).sort()).toEqual([
      'model',
      'tokens',
      'what',
      'world_size',
    ]);
    client.close();
  });

  it('a value that is too large, to a client that has begun to send it', async () => {
    const client = await RawConnection.open(server.port);
    client.send(putHead('a', 3 * 1024 * 1024), someBytes(3 * 1024 * 1024), getHead('none'));
    expect((await client.response()).status).toBe(413);
    expect((await client.response()).status).toBe(404);
    client.close();
  });
});

describe('random requests', () => {
  const PIECES = [
    'GET ', 'PUT ', 'POST ', 'HEAD ', 'DELETE ', 'BREW ', '/v1/objects/k', '/v1/objects/', '/v1/prefix/store',
    '/v1/prefix/lookup', '/v1/status', '?ttl_ms=5', '%00', '%', ' HTTP/1.1', ' HTTP/1.0', ' HTTP/2', '\r\n', '\r\n\r\n',
    'Host: a\r\n', 'Content-Length: 5\r\n', 'Content-Length: 70000\r\n', 'Content-Length: -1\r\n', 'content-length:5\r\n',
    'Transfer-Encoding: chunked\r\n', 'Content-Type: application/octet-stream\r\n', 'Content-Type: application/json\r\n',
    'Content-Type: application/x-kvnest-frames\r\n', 'x-kvnest-bytes: 5\r\n', 'x-kvnest-length: 5\r\n',
    'Expect: 100-continue\r\n', 'Connection: close\r\n', '{"keys":["a"]}', 'hello', '5\r\nhello\r\n0\r\n\r\n', '\0\0\0\0',
  ]; // prettier-ignore

  function randomRequest(random: SeededRandom): Buffer {
    const parts: Buffer[] = [];
    if (random.chance(0.7)) {
      parts.push(Buffer.from(`${random.pick(['PUT', 'GET', 'POST'])} /v1/objects/k HTTP/1.1\r\nHost: a\r\n`));
    }
    for (let count = random.below(8); count >= 0; count--) {
      parts.push(random.chance(0.05) ? random.bytes(random.below(200)) : Buffer.from(random.pick(PIECES)));
    }
    return Buffer.concat(parts);
  }

  it('neither crash the server nor leak', async () => {
    const random = new SeededRandom(5);
    const perConnection = 4;
    const lanes = Array.from({ length: 16 }, async () => {
      for (let count = 0; count < RANDOM_REQUESTS / 16 / perConnection; count++) {
        const client = await RawConnection.open(server.port);
        for (let turn = 0; turn < perConnection; turn++) client.send(randomRequest(random));
        if (random.chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
        if (random.chance(0.3)) client.reset();
        else client.close();
      }
    });
    await Promise.all(lanes);
    await expectEventually(() => server.engine.status().arena.references === 0);
    expect(await raw(getHead('still-there'))).toMatchObject({ status: 404, code: 'KV_NOT_FOUND' });
  });
});
