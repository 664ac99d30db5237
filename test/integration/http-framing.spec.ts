import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectEventually } from '../support/eventually.js';
import { getHead, jsonOf, putHead, RawConnection } from '../support/http-client.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';

const JSON_POST = 'POST /v1/objects/exists HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
const LIKE_A_PUT = 'PUT /v1/objects/k HTTP/1.1\r\nContent-Length: 7\r\n\r\n';

let server: TestServer;

beforeAll(async () => {
  server = await startHttpServer();
});

afterAll(async () => {
  await expectEventually(() => server.engine.status().arena.references === 0);
  await server.close();
});

/** Sends each piece so that the server reads it by itself. */
async function open(...pieces: readonly string[]): Promise<RawConnection> {
  const client = await RawConnection.open(server.port);
  for (const piece of pieces) {
    client.send(piece);
    for (let turn = 0; turn < 10; turn++) await nextTurn();
  }
  return client;
}

describe('what looks like the head of a PUT', () => {
  it('is not one in the midst of another head', async () => {
    const client = await open(`${JSON_POST}Transfer-Encoding: chunked\r\nX: `, LIKE_A_PUT, '0\r\n\r\n');
    const response = await client.response();
    expect([response.status, jsonOf(response)]).toMatchObject([
      400,
      { error: { code: 'KV_HTTP_MALFORMED' } },
    ]);
    client.close();
  });

  it('is not one behind a complete request and the start of the next', async () => {
    const client = await open(
      `${getHead('none')}${JSON_POST}Transfer-Encoding: chunked\r\nX: `,
      LIKE_A_PUT,
      '0\r\n\r\n',
    );
    expect((await client.response()).status).toBe(404);
    expect((await client.response()).status).toBe(400);
    client.close();
  });

  it('is not one in a body that the server refuses by itself', async () => {
    const length = LIKE_A_PUT.length + 7;
    const client = await open(`${JSON_POST}Expect: magic\r\nContent-Length: ${length}\r\n\r\n`);
    client.send(LIKE_A_PUT);
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    client.send('1234567', `GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n`);
    const received: Buffer[] = [];
    client.socket.on('data', (chunk: Buffer) => received.push(chunk));
    await expectEventually(() => Buffer.concat(received).includes('HTTP/1.1 200 OK'));
    client.close();
  });
});

describe('a PUT that the server refuses by itself', () => {
  it('leaves its body to nobody', async () => {
    const refused = putHead('refused', 3, 'Expect: magic\r\n');
    const client = await open(`${refused}abc`, putHead('next', 5), 'hello');
    expect((await client.response()).status).toBe(417);
    const received: Buffer[] = [];
    client.socket.on('data', (chunk: Buffer) => received.push(chunk));
    client.send(getHead('next'));
    await expectEventually(() => Buffer.concat(received).includes('hello'));
    client.close();
  });
});

describe('a client that sends on and on, and does not read', () => {
  const REQUESTS = 30_000;

  it('is read only as far as its replies are taken, and has all of them in the end', async () => {
    const client = await open(`${putHead('small', 5)}hello`);
    await client.response();
    client.socket.pause();
    client.send(getHead('small').repeat(REQUESTS));
    let gets = -1;
    let quietTurns = 0;
    await expectEventually(() => {
      const before = gets;
      gets = server.engine.status().counters.gets;
      quietTurns = gets > 0 && gets === before ? quietTurns + 1 : 0;
      return quietTurns > 20;
    });
    expect(gets).toBeLessThan(REQUESTS);
    // What waits at the limit, and what one read may bring on top of it.
    expect(server.engine.status().arena.references).toBeLessThan(64 + (16 * 1024) / getHead('small').length);
    client.socket.resume();
    for (let i = 0; i < 100; i++) expect((await client.response()).body.toString()).toBe('hello');
    await expectEventually(() => server.engine.status().counters.gets >= REQUESTS);
    client.close();
  });
});

describe('what is no request', () => {
  it('is answered behind the requests in front of it', async () => {
    const client = await open(`${putHead('first', 3)}abc${getHead('none')}BREW coffee\r\n\r\n`);
    expect(jsonOf(await client.response())).toMatchObject({ stored: true });
    expect(jsonOf(await client.response())).toMatchObject({ error: { code: 'KV_NOT_FOUND' } });
    expect(jsonOf(await client.response())).toMatchObject({ error: { code: 'KV_HTTP_MALFORMED' } });
    await client.rest();
  });
});
