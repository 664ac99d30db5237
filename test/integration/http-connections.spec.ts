import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { get, put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { getHead, jsonOf, putHead, RawConnection, someBytes } from '../support/http-client.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const SOAK = process.env['KVNEST_SOAK'] === '1';

let server: TestServer;
const open: RawConnection[] = [];

beforeAll(async () => {
  server = await startHttpServer({ limits: { bodyTimeoutMs: 400 } });
});

afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await expectEventually(() => references() === 0);
});

afterAll(async () => {
  await server.close();
});

function references(): number {
  return server.engine.status().arena.references;
}

async function connection(): Promise<RawConnection> {
  const opened = await RawConnection.open(server.port);
  open.push(opened);
  return opened;
}

describe('a body that comes in pieces', () => {
  it.each([
    ['head and body together', [0]],
    ['the head alone', ['head']],
    ['the head in two parts', [20]],
    ['a byte at a time around the end of the head', [-3, -2, -1, 'head', 1, 2]],
  ] as const)('%s', async (_name, cuts) => {
    const client = await connection();
    const bytes = someBytes(100_000);
    const head = putHead('pieces', bytes.length);
    const all = Buffer.concat([Buffer.from(head), bytes]);
    const at = cuts.map((cut) => (cut === 'head' ? head.length : cut > 10 ? cut : head.length + cut));
    for (let from = 0, turn = 0; from < all.length; turn++) {
      const to = at.find((cut) => cut > from) ?? all.length;
      client.send(all.subarray(from, to));
      await new Promise((resolve) => setTimeout(resolve, turn < at.length ? 10 : 0));
      from = to;
    }
    expect(jsonOf(await client.response())).toMatchObject({ stored: true });
    expect((await get(server, ChunkKey.of('pieces')))?.equals(bytes)).toBe(true);
  });

  it('keeps requests apart that follow each other without a pause, however they are cut', async () => {
    const rounds = SOAK ? 10_000 : 60;
    const random = new SeededRandom(11);
    const client = await connection();
    for (let round = 0; round < rounds; round++) {
      const bodies = Array.from({ length: 1 + random.below(4) }, (_, index) =>
        someBytes(1 + random.below(random.chance(0.3) ? 200_000 : 3000), round * 10 + index),
      );
      const puts = bodies.flatMap((body, index) => [Buffer.from(putHead(`run-${index}`, body.length)), body]);
      const gets = bodies.map((_, index) => Buffer.from(getHead(`run-${index}`)));
      await sendCut(client, Buffer.concat(puts), random);
      const answers: unknown[] = [];
      while (answers.length < bodies.length) answers.push(jsonOf(await client.response()));
      expect(answers).toEqual(bodies.map(() => expect.objectContaining({ stored: true })));
      await sendCut(client, Buffer.concat(gets), random);
      for (const body of bodies) expect((await client.response()).body.equals(body)).toBe(true);
    }
  });
});

async function sendCut(client: RawConnection, wire: Buffer, random: SeededRandom): Promise<void> {
  for (let from = 0; from < wire.length;) {
    const to = from + 1 + random.below(random.chance(0.5) ? 70_000 : 400);
    client.send(wire.subarray(from, to));
    if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
    from = to;
  }
}

describe('a client that vanishes', () => {
  it.each([0, 1, 5000, 2 * MIB])('after %i bytes of a body', async (sent) => {
    const client = await connection();
    client.send(putHead('vanished', 4 * MIB), someBytes(sent));
    await expectEventually(() => references() === 1);
    client.reset();
    await expectEventually(() => references() === 0);
    expect(await get(server, ChunkKey.of('vanished'))).toBeUndefined();
  });

  it('by half: what it sent is not a value', async () => {
    const client = await connection();
    client.send(putHead('half', 10_000), someBytes(5000));
    await expectEventually(() => references() === 1);
    client.socket.end();
    await expectEventually(() => references() === 0);
    expect(await get(server, ChunkKey.of('half'))).toBeUndefined();
  });

  it('in the middle of reading', async () => {
    await put(server, ChunkKey.of('read'), someBytes(8 * MIB));
    const client = await connection();
    client.socket.pause();
    client.send(getHead('read'));
    await expectEventually(() => references() === 1);
    client.reset();
    await expectEventually(() => references() === 0);
  });
});

describe('a slow client', () => {
  it('loses its reservation when its body stalls, and is told', async () => {
    const client = await connection();
    client.send(putHead('stalled', MIB), someBytes(100_000));
    const response = await client.response();
    expect([response.status, jsonOf(response)]).toMatchObject([
      408,
      { error: { code: 'KV_HTTP_BODY_TIMEOUT' } },
    ]);
    expect(response.headers['connection']).toBe('close');
    expect(references()).toBe(0);
  });

  it('may be slow as long as something comes', async () => {
    const client = await connection();
    const bytes = someBytes(50);
    client.send(putHead('slow', bytes.length));
    for (let from = 0; from < bytes.length; from += 10) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      client.send(bytes.subarray(from, from + 10));
    }
    expect(jsonOf(await client.response())).toMatchObject({ stored: true });
  });

  it('is cut off when it does not read', async () => {
    await put(server, ChunkKey.of('unread'), someBytes(8 * MIB));
    const client = await connection();
    client.socket.pause();
    client.send(getHead('unread'));
    await expectEventually(() => references() === 1);
    await expectEventually(() => references() === 0);
  });

  it('is told when it does not send a whole head', async () => {
    const client = await connection();
    client.send('GET /v1/status HT');
    const response = await client.response();
    expect([response.status, jsonOf(response)]).toMatchObject([
      408,
      { error: { code: 'KV_HTTP_HEADERS_TIMEOUT' } },
    ]);
  });
});

describe('Expect: 100-continue', () => {
  const expecting = 'Expect: 100-continue\r\n';

  it('asks for a body that is admitted', async () => {
    const client = await connection();
    const bytes = someBytes(3000);
    client.send(putHead('expected', bytes.length, expecting));
    expect((await client.response()).status).toBe(100);
    client.send(bytes);
    expect(jsonOf(await client.response())).toMatchObject({ stored: true });
  });

  it('does not ask for a body that is refused', async () => {
    await put(server, ChunkKey.of('there'), someBytes(10));
    const client = await connection();
    client.send(putHead('there?only_if_absent=1', MIB, expecting));
    const response = await client.response();
    expect(jsonOf(response)).toEqual({ stored: false, reason: 'exists' });
    expect(response.headers['connection']).toBe('close');
  });

  it('asks for a JSON body, too', async () => {
    const client = await connection();
    const body = '{"keys":["a"]}';
    client.send(
      `POST /v1/objects/exists HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${expecting}\r\n`,
    );
    expect((await client.response()).status).toBe(100);
    client.send(body);
    expect(jsonOf(await client.response())).toEqual({ tiers: [null] });
  });
});

describe('a refused body', () => {
  it('is read over, so that the connection can go on', async () => {
    await put(server, ChunkKey.of('exists'), someBytes(10));
    const client = await connection();
    client.send(putHead('exists?only_if_absent=1', 2 * MIB), someBytes(2 * MIB), getHead('exists'));
    expect(jsonOf(await client.response())).toEqual({ stored: false, reason: 'exists' });
    expect((await client.response()).body).toEqual(someBytes(10));
  });

  it('is read over when the request was wrong', async () => {
    const client = await connection();
    client.send(putHead('x?ack=never', 200_000), someBytes(200_000), getHead('nothing'));
    expect((await client.response()).status).toBe(400);
    expect((await client.response()).status).toBe(404);
  });
});
