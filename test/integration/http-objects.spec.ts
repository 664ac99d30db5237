import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { seededBytes } from '../support/seeded.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';

const MIB = 1024 * 1024;

let server: TestServer;

beforeAll(async () => {
  server = await startHttpServer();
});

afterEach(() => {
  expect(server.engine.status().arena.references).toBe(0);
});

afterAll(async () => {
  await server.close();
});

function object(key: string, query = ''): string {
  return `${server.url}/v1/objects/${encodeURIComponent(key)}${query}`;
}

function put(
  key: string,
  body: Uint8Array,
  query = '',
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(object(key, query), {
    method: 'PUT',
    body: body as Uint8Array<ArrayBuffer>,
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });
}

describe('round trip', () => {
  it.each([0, 1, 4095, 4096, 65_537, MIB, 8 * MIB - 1, 8 * MIB])('of %i bytes', async (length) => {
    const bytes = seededBytes(length, length + 1);
    const checksum = server.engine.crc32c(bytes).toString(16).padStart(8, '0');

    const stored = await put(`size-${length}`, bytes);

    expect(stored.status).toBe(200);
    expect(await stored.json()).toEqual({ stored: true, tiers: ['memory'], checksum });
    const read = await fetch(object(`size-${length}`));
    expect(read.status).toBe(200);
    expect(read.headers.get('content-length')).toBe(String(length));
    expect(read.headers.get('x-kvnest-checksum')).toBe(checksum);
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
  });
});
