import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeFrameHeader, FRAMES_CONTENT_TYPE } from '../../src/protocols/kvnest-frames/frame.js';
import {
  type ChunkFrameHeader,
  decodeRetrieveFrame,
  type RetrieveFrame,
} from '../../src/protocols/kvnest-frames/retrieve-frames.js';
import { put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { RawConnection, someBytes } from '../support/http-client.js';
import { startHttpServer, type TestServer } from '../support/http-server.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const MIB = 1024 * 1024;
const MODEL = 'test/model';

let server: TestServer;

beforeAll(async () => {
  server = await startHttpServer({
    config: { chunkTokens: 16, savePartialChunks: true },
  });
});

afterEach(async () => {
  await server.engine.clear();
  await expectEventually(() => server.engine.status().arena.references === 0);
});

afterAll(async () => {
  await server.close();
});

function tokens(count: number, seed = 0): number[] {
  return Array.from({ length: count }, (_, index) => (index * 7919 + seed) % 50_000);
}

async function json(path: string, body: object): Promise<unknown> {
  const response = await fetch(`${server.url}/v1/prefix/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

interface StoreOptions {
  readonly header?: object;
  readonly identity?: object;
}

/** Stores one value per chunk, as documented. */
async function store(
  ids: readonly number[],
  values: readonly Buffer[],
  options: StoreOptions = {},
): Promise<unknown> {
  const header = {
    model: MODEL,
    tokens: ids,
    chunks: values.map(({ length }, index) => ({
      index,
      length,
      metadata: Buffer.from(`m${index}`).toString('base64'),
    })),
    ...options.identity,
    ...options.header,
  };
  const response = await fetch(`${server.url}/v1/prefix/store`, {
    method: 'POST',
    headers: { 'content-type': FRAMES_CONTENT_TYPE },
    body: Buffer.concat([encodeFrameHeader(header), ...values]),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

async function retrieve(body: object): Promise<RetrieveFrame[]> {
  const response = await fetch(`${server.url}/v1/prefix/retrieve`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: MODEL, ...body }),
  });
  expect(response.headers.get('content-type')).toBe(FRAMES_CONTENT_TYPE);
  return framesOf(Buffer.from(await response.arrayBuffer()));
}

function framesOf(bytes: Buffer): RetrieveFrame[] {
  const frames: RetrieveFrame[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const frame = decodeRetrieveFrame(bytes, offset);
    if (frame === undefined) throw new Error('cut off');
    frames.push(frame);
    offset = frame.end;
  }
  return frames;
}

const values = (sizes: readonly number[]): Buffer[] => sizes.map((size, index) => someBytes(size, index + 1));

describe('store, lookup and retrieve', () => {
  it('bring back what was stored, in order, with its metadata', async () => {
    const ids = tokens(40);
    const stored = values([100_000, 5, 2 * MIB]);
    const answer = await store(ids, stored);
    expect(answer).toMatchObject({
      status: 200,
      chunks: [
        { index: 0, start_token: 0, tokens: 16, stored: true, tiers: ['memory'] },
        { index: 1, start_token: 16, tokens: 16, stored: true },
        { index: 2, start_token: 32, tokens: 8, stored: true },
      ],
    });

    expect(await json('lookup', { model: MODEL, tokens: ids })).toMatchObject({
      hit_tokens: 40,
      chunks: [
        { index: 0, start_token: 0, tokens: 16, tier: 'memory' },
        { index: 1, start_token: 16, tokens: 16, tier: 'memory' },
        { index: 2, start_token: 32, tokens: 8, tier: 'memory' },
      ],
    });

    const frames = await retrieve({ tokens: ids });
    expect(frames.at(-1)?.header).toEqual({ end: true, hit_tokens: 40, chunks: 3 });
    const chunks = frames.slice(0, -1);
    expect(chunks.map(({ body }, index) => body.equals(stored[index]!))).toEqual([true, true, true]);
    expect(chunks.map(({ header }) => (header as ChunkFrameHeader).metadata)).toEqual([
      'bTA=',
      'bTE=',
      'bTI=',
    ]);
    expect(chunks.map(({ header }) => (header as ChunkFrameHeader).checksum)).toEqual(
      (answer as { chunks: { checksum: string }[] }).chunks.map(({ checksum }) => checksum),
    );
  });

  it('take tokens as base64, for long prompts', async () => {
    const ids = tokens(1000);
    await store(ids.slice(0, 16), values([50]));
    const tokens_b64 = Buffer.from(Uint32Array.from(ids).buffer).toString('base64');
    expect(await json('lookup', { model: MODEL, tokens_b64 })).toMatchObject({ hit_tokens: 16 });
    expect(await json('lookup', { model: MODEL, tokens_b64: 'abc' })).toMatchObject({
      error: { code: 'KV_INPUT_INVALID' },
    });
    expect(await json('lookup', { model: MODEL, tokens_b64, tokens: ids })).toMatchObject({
      error: { code: 'KV_INPUT_INVALID' },
    });
  });

  it('end at the first chunk that is missing', async () => {
    const ids = tokens(48);
    await store(ids, [someBytes(10)], { header: { chunks: [{ index: 0, length: 10 }] } });
    await store(ids, [someBytes(10)], { header: { chunks: [{ index: 2, length: 10 }] } });
    expect(await json('lookup', { model: MODEL, tokens: ids })).toMatchObject({ hit_tokens: 16 });
    expect((await retrieve({ tokens: ids })).map(({ header }) => header)).toMatchObject([
      { index: 0 },
      { end: true, hit_tokens: 16, chunks: 1 },
    ]);
  });

  it('answer a miss with nothing but the end', async () => {
    expect((await retrieve({ tokens: tokens(48, 5) })).map(({ header }) => header)).toEqual([
      { end: true, hit_tokens: 0, chunks: 0 },
    ]);
  });

  it.each([[{ cache_salt: 'tenant' }], [{ model: 'another' }], [{ world_size: 2, worker_id: 1 }]])(
    'keep %j apart',
    async (identity) => {
      const ids = tokens(16);
      await store(ids, [someBytes(10)], { identity });
      expect(await json('lookup', { model: MODEL, tokens: ids })).toMatchObject({ hit_tokens: 0 });
      expect(await json('lookup', { model: MODEL, tokens: ids, ...identity })).toMatchObject({
        hit_tokens: 16,
      });
    },
  );

  it('name keys that the object routes know', async () => {
    const ids = tokens(16);
    const { chunks } = (await store(ids, [someBytes(10)])) as { chunks: { key: string }[] };
    const response = await fetch(`${server.url}/v1/objects/${encodeURIComponent(chunks[0]!.key)}`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(someBytes(10));
  });
});

describe('store', () => {
  it('skips what is not admitted and stores the rest', async () => {
    const small = await startHttpServer({ arenaBytes: 4 * MIB, config: { chunkTokens: 16 } });
    const mine = server;
    server = small;
    try {
      expect(await store(tokens(48), values([1000, 6 * MIB, 2000]))).toMatchObject({
        chunks: [{ stored: true }, { stored: false, reason: 'too-large' }, { stored: true }],
      });
    } finally {
      server = mine;
      await small.close();
    }
  });

  it('keeps what is there when asked to', async () => {
    await store(tokens(16), [Buffer.from('first')]);
    expect(
      await store(tokens(16), [Buffer.from('other')], { header: { only_if_absent: true } }),
    ).toMatchObject({
      chunks: [{ stored: false, reason: 'exists' }],
    });
  });

  it.each<[name: string, header: object]>([
    ['an index beyond the tokens', { chunks: [{ index: 3, length: 10 }] }],
    ['a length beyond the limit', { chunks: [{ index: 0, length: 2 ** 40 }] }],
    ['no chunks', { chunks: [] }],
    ['lengths that do not add up', { chunks: [{ index: 0, length: 11 }] }],
    ['a chunk that is nothing', { chunks: [null] }],
    ['no model', { model: undefined }],
  ])('refuses %s', async (_name, header) => {
    expect(await store(tokens(48), [someBytes(10)], { header })).toMatchObject({
      status: 400,
      error: { code: 'KV_INPUT_INVALID' },
    });
  });

  it.each([
    ['a header that is no JSON', Buffer.from('\x02\0\0\0{]'), 'KV_FRAME_HEADER_JSON'],
    ['a header that is a list', Buffer.from('\x02\0\0\0[]'), 'KV_FRAME_HEADER_JSON'],
    ['a header of no bytes', Buffer.from('\0\0\0\0'), 'KV_FRAME_HEADER_LENGTH'],
    ['a header of four gigabytes', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'KV_FRAME_HEADER_LENGTH'],
    ['a body that ends in its header', Buffer.from('\x09\0\0\0{}'), 'KV_INPUT_BODY_TRUNCATED'],
  ])('refuses %s', async (_name, body, code) => {
    const response = await fetch(`${server.url}/v1/prefix/store`, {
      method: 'POST',
      headers: { 'content-type': FRAMES_CONTENT_TYPE },
      body,
    });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code } }]);
  });
});

describe('pin, unpin and remove', () => {
  it('work on the whole prefix', async () => {
    const prefix = { model: MODEL, tokens: tokens(48) };
    await store(prefix.tokens, values([100, 100, 100]));
    expect(await json('pin', { ...prefix, timeout_ms: 60_000 })).toMatchObject({ hit_tokens: 48 });
    expect(server.engine.status().tiers[0]?.pinnedBytes).toBeGreaterThan(0);
    expect(await json('unpin', prefix)).toEqual({ unpinned: 3 });
    expect(await json('lookup', { ...prefix, pin_ms: 60_000 })).toMatchObject({ hit_tokens: 48 });
    expect(server.engine.status().tiers[0]?.pinnedBytes).toBeGreaterThan(0);
    expect(await json('remove', prefix)).toEqual({ removed: 3 });
    expect(await json('lookup', prefix)).toMatchObject({ hit_tokens: 0, chunks: [] });
  });
});

describe('a client that gives up on a retrieve', () => {
  async function begin({ port }: TestServer, ids: readonly number[]): Promise<RawConnection> {
    const client = await RawConnection.open(port);
    client.socket.pause();
    const body = JSON.stringify({ model: MODEL, tokens: ids });
    client.send(
      `POST /v1/prefix/retrieve HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return client;
  }

  it('holds no more than the read-ahead, and gives it back', async () => {
    const ids = tokens(16 * 16);
    await store(ids, values(Array<number>(16).fill(1.5 * MIB)));
    const readBefore = server.engine.status().counters.gets;
    const client = await begin(server, ids);
    await expectEventually(() => server.engine.status().arena.references > 0);
    expect(server.engine.status().arena.references).toBeLessThanOrEqual(server.config.readAheadChunks);
    client.reset();
    await expectEventually(() => server.engine.status().arena.references === 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.engine.status().counters.gets - readBefore).toBeLessThan(16);
  });

  it('while a tier is still loading', async () => {
    let slow: ScriptedBackend | undefined;
    const far = await startHttpServer({
      memory: false,
      config: { chunkTokens: 16 },
      tiers: (parts) => [(slow = new ScriptedBackend('slow', parts))],
    });
    try {
      const ids = tokens(32);
      for (const { key } of far.engine.chunks({ model: MODEL, tokens: Uint32Array.from(ids) })) {
        expect(await put(far, key, someBytes(1000), { ack: 'all' })).toBe('stored');
      }
      slow?.hold();
      const client = await begin(far, ids);
      await expectEventually(() => slow?.calls.some((call) => call.startsWith('get')) === true);
      client.reset();
      await new Promise((resolve) => setTimeout(resolve, 20));
      slow?.release();
      await expectEventually(() => far.engine.status().arena.references === 0);
      expect(slow?.calls.filter((call) => call.startsWith('get')).length).toBeLessThanOrEqual(2);
    } finally {
      await far.close();
    }
  });
});
