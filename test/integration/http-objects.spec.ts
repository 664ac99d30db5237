import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ManualClock } from '../support/clock.js';
import { expectEventually } from '../support/eventually.js';
import { someBytes } from '../support/http-client.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';

const MIB = 1024 * 1024;

const clock = new ManualClock();
let server: TestServer;

beforeAll(async () => {
  server = await startHttpServer({ clock });
});

afterEach(async () => {
  await expectEventually(() => server.engine.status().arena.references === 0);
});

afterAll(async () => {
  await server.close();
});

function object(key: string, query = ''): string {
  return `${server.url}/v1/objects/${encodeURIComponent(key)}${query}`;
}

async function put(
  key: string,
  body: Uint8Array,
  query = '',
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(object(key, query), {
    method: 'PUT',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });
  return { status: response.status, ...((await response.json()) as object) };
}

async function get(key: string, query = '', headers: Record<string, string> = {}): Promise<Buffer | number> {
  const response = await fetch(object(key, query), { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  return response.ok ? bytes : response.status;
}

async function post(path: string, body: object): Promise<unknown> {
  const response = await fetch(`${server.url}/v1/objects/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

/** A PUT in HTTP chunks, as a client sends that streams. */
function putChunked(
  key: string,
  chunks: readonly Uint8Array[],
  headers: Record<string, string>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      object(key),
      { method: 'PUT', headers: { 'content-type': 'application/octet-stream', ...headers } },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            ...(JSON.parse(Buffer.concat(parts).toString()) as object),
          }),
        );
      },
    );
    request.on('error', reject);
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}

describe('round trip', () => {
  it.each([0, 1, 4095, 4096, 65_537, MIB, 8 * MIB - 1, 8 * MIB])('of %i bytes', async (length) => {
    const bytes = someBytes(length);
    const checksum = server.engine.crc32c(bytes).toString(16).padStart(8, '0');

    expect(await put(`size-${length}`, bytes)).toEqual({
      status: 200,
      stored: true,
      tiers: ['memory'],
      checksum,
    });

    const read = await fetch(object(`size-${length}`));
    expect(read.status).toBe(200);
    expect(read.headers.get('content-length')).toBe(String(length));
    expect(read.headers.get('content-type')).toBe('application/octet-stream');
    expect(read.headers.get('x-kvnest-checksum')).toBe(checksum);
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('of a chunk that lies in several extents', async () => {
    // Pinned islands leave no gap that is large enough.
    const islands = [0, 1, 2, 3].map((index) => `island-${index}`);
    await fetch(`${server.url}/v1/clear`, { method: 'POST' });
    for (const island of islands) {
      await put(`gap-before-${island}`, someBytes(6 * MIB));
      await put(island, someBytes(MIB));
    }
    await post('pin', { keys: islands });
    await post('delete', { keys: islands.map((island) => `gap-before-${island}`) });
    const bytes = someBytes(8 * MIB, 99);

    expect(await put('split', bytes)).toMatchObject({ stored: true });

    using handle = await server.engine.get(ChunkKey.of('split'));
    expect(handle?.extents.length).toBeGreaterThan(1);
    expect(bytes.equals((await get('split')) as Buffer)).toBe(true);
    const part = (await get('split', '', { range: `bytes=${MIB - 5}-${7 * MIB}` })) as Buffer;
    expect(part.equals(bytes.subarray(MIB - 5, 7 * MIB + 1))).toBe(true);
    await post('unpin', { keys: islands });
  });

  it('of a body in HTTP chunks with a declared length', async () => {
    const bytes = someBytes(300_000);
    const chunks = [bytes.subarray(0, 1), bytes.subarray(1, 200_000), bytes.subarray(200_000)];

    expect(await putChunked('chunked', chunks, { 'x-kvnest-length': '300000' })).toMatchObject({
      stored: true,
    });
    expect(bytes.equals((await get('chunked')) as Buffer)).toBe(true);
  });

  it('refuses a body in HTTP chunks that is longer or shorter than declared', async () => {
    const body = [someBytes(1000)];
    expect(await putChunked('lie', body, { 'x-kvnest-length': '999' })).toMatchObject({
      status: 400,
      error: { code: 'KV_INPUT_BODY_TOO_LONG' },
    });
    expect(await putChunked('lie', body, { 'x-kvnest-length': '1001' })).toMatchObject({
      status: 400,
      error: { code: 'KV_INPUT_BODY_TRUNCATED' },
    });
    expect(await get('lie')).toBe(404);
  });

  it('of any key that is text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), async (key) => {
        fc.pre(key.isWellFormed() && key !== '.' && key !== '..');
        const bytes = Buffer.from(key);
        await put(key, bytes);
        const read = await get(key);
        const { tiers } = (await post('exists', { keys: [key] })) as { tiers: unknown };
        expect([read, tiers]).toEqual([bytes, ['memory']]);
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it('of the longest key, every byte of it percent-encoded', async () => {
    const key = '%'.repeat(4096);
    expect(await put(key, someBytes(10))).toMatchObject({ stored: true });
    expect(await get(key)).toEqual(someBytes(10));
    expect(await put('k'.repeat(4097), someBytes(10))).toMatchObject({
      status: 400,
      error: { code: 'KV_INPUT_INVALID' },
    });
  });
});

describe('options of a PUT', () => {
  it('keeps metadata', async () => {
    const metadata = someBytes(100).toString('base64');
    await put('with-metadata', someBytes(5000), '', { 'x-kvnest-metadata': metadata });
    const head = await fetch(object('with-metadata'), { method: 'HEAD' });
    expect(head.headers.get('x-kvnest-metadata')).toBe(metadata);
    expect(head.headers.get('content-length')).toBe('5000');
  });

  it('expires', async () => {
    await put('mortal', someBytes(10), '?ttl_ms=1000');
    clock.advance(999);
    expect(await get('mortal')).toEqual(someBytes(10));
    clock.advance(2);
    expect(await get('mortal')).toBe(404);
  });

  it('keeps what is there when asked to', async () => {
    await put('once', Buffer.from('first'), '?only_if_absent=true');
    expect(await put('once', Buffer.from('second'), '?only_if_absent=true')).toEqual({
      status: 200,
      stored: false,
      reason: 'exists',
    });
    expect(await get('once')).toEqual(Buffer.from('first'));
  });

  it('keeps namespaces apart', async () => {
    await put('same', Buffer.from('zero'));
    await put('same', Buffer.from('three'), '?namespace=3');
    expect(await get('same')).toEqual(Buffer.from('zero'));
    expect(await get('same', '?namespace=3')).toEqual(Buffer.from('three'));
    expect(await post('exists', { keys: ['same'], namespace: 4 })).toEqual({ tiers: [null] });
  });

  it('checks the checksum that the client announces', async () => {
    const bytes = someBytes(50_000);
    const checksum = server.engine.crc32c(bytes).toString(16).padStart(8, '0');
    expect(await put('checked', bytes, '', { 'x-kvnest-checksum': checksum })).toMatchObject({
      stored: true,
    });
    expect(await put('flipped', bytes, '', { 'x-kvnest-checksum': '00000001' })).toMatchObject({
      status: 400,
      error: { code: 'KV_INPUT_CHECKSUM' },
    });
    expect(await get('flipped')).toBe(404);
  });

  it('waits for all tiers when asked to', async () => {
    expect(await put('everywhere', someBytes(10), '?ack=all')).toMatchObject({
      stored: true,
      tiers: ['memory'],
    });
  });

  it('says why a value was not admitted, and the connection goes on', async () => {
    // Larger than the arena's data, smaller than the limit of the door.
    const small = await startHttpServer({ arenaBytes: 4 * MIB });
    try {
      const url = `${small.url}/v1/objects/big`;
      const headers = { 'content-type': 'application/octet-stream' };
      const refused = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(8 * MIB) });
      expect([refused.status, await refused.json()]).toEqual([200, { stored: false, reason: 'too-large' }]);
      small.engine.beginDrain();
      const draining = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(10) });
      expect(await draining.json()).toEqual({ stored: false, reason: 'draining' });
    } finally {
      await small.close();
    }
  });
});

describe('other verbs', () => {
  it('HEAD, GET and DELETE tell what is not there', async () => {
    expect((await fetch(object('nothing'), { method: 'HEAD' })).status).toBe(404);
    const read = await fetch(object('nothing'));
    expect([read.status, await read.json()]).toMatchObject([404, { error: { code: 'KV_NOT_FOUND' } }]);
    expect(await (await fetch(object('nothing'), { method: 'DELETE' })).json()).toEqual({ deleted: false });
  });

  it('DELETE', async () => {
    await put('doomed', someBytes(10));
    expect(await (await fetch(object('doomed'), { method: 'DELETE' })).json()).toEqual({ deleted: true });
    expect(await get('doomed')).toBe(404);
  });

  it('exists, delete, pin and unpin take many keys', async () => {
    await put('many-1', someBytes(10));
    await put('many-2', someBytes(10));
    const keys = ['many-1', 'none', 'many-2'];
    expect(await post('exists', { keys, lease: true })).toEqual({ tiers: ['memory', null, 'memory'] });
    expect(await post('pin', { keys, timeout_ms: 1000 })).toEqual({ pinned: [true, false, true] });
    expect(server.engine.status().tiers[0]?.pinnedBytes).toBeGreaterThan(0);
    expect(await post('unpin', { keys })).toEqual({ unpinned: [true, false, true] });
    expect(await post('delete', { keys })).toEqual({ deleted: [true, false, true] });
    expect(await post('exists', { keys })).toEqual({ tiers: [null, null, null] });
  });

  it('clear removes a namespace, or everything', async () => {
    await put('cleared', someBytes(10), '?namespace=9');
    await put('kept', someBytes(10));
    const clear = async (body: object): Promise<unknown> => {
      const response = await fetch(`${server.url}/v1/clear`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return response.json();
    };
    expect(await clear({ namespace: 9 })).toEqual({ removed: 1 });
    expect(await get('kept')).toEqual(someBytes(10));
    expect(await clear({})).toEqual({ removed: expect.any(Number) });
    expect(await server.engine.count(0)).toBe(0);
  });
});

describe('ranges', () => {
  const bytes = someBytes(100);

  beforeAll(async () => {
    await put('ranged', bytes);
  });

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=10-19', 10, 20],
    ['bytes=90-', 90, 100],
    ['bytes=-7', 93, 100],
    ['bytes=50-1000', 50, 100],
  ])('%s', async (range, from, to) => {
    await put('ranged', bytes);
    const response = await fetch(object('ranged'), { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${from}-${to - 1}/100`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes.subarray(from, to));
  });

  it.each(['bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=-'])('%s is ignored', async (range) => {
    await put('ranged', bytes);
    const response = await fetch(object('ranged'), { headers: { range } });
    expect([response.status, Buffer.from(await response.arrayBuffer())]).toEqual([200, bytes]);
  });

  it('outside the value', async () => {
    await put('ranged', bytes);
    const response = await fetch(object('ranged'), { headers: { range: 'bytes=100-' } });
    expect([response.status, await response.json()]).toMatchObject([
      416,
      { error: { code: 'KV_HTTP_RANGE' } },
    ]);
  });
});
