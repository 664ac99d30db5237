import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClientProxy } from '@nestjs/microservices';
import { lastValueFrom, toArray } from 'rxjs';
import { connect } from '../../src/client/index.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { someBytes } from '../support/http-client.js';
import { ask, MessageServer, refusalOf } from '../support/message-server.js';

const KIB = 1024;
const MAX_VALUE_BYTES = 64 * KIB;

describe('the door for stock Nest clients', () => {
  let server: MessageServer;
  let client: ClientProxy;

  beforeAll(async () => {
    server = await MessageServer.start();
    client = server.client();
    await put(server, ChunkKey.of('there'), someBytes(100));
  });
  afterAll(() => server.close());

  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it.each([
    ['kv.exists', 'v1/objects/exists', { keys: ['there', 'not'], lease: false }],
    ['kv.pin', 'v1/objects/pin', { keys: ['there', 'not'], timeout_ms: 1000 }],
    ['kv.unpin', 'v1/objects/unpin', { keys: ['not'] }],
    ['kv.delete', 'v1/objects/delete', { keys: ['not'], namespace: 3 }],
    ['kv.lookup', 'v1/prefix/lookup', { model: 'm', tokens: [1, 2, 3, 4] }],
    ['kv.prefix.pin', 'v1/prefix/pin', { model: 'm', tokens: [1, 2, 3, 4] }],
    ['kv.prefix.unpin', 'v1/prefix/unpin', { model: 'm', tokens: [1, 2, 3, 4] }],
    ['kv.prefix.remove', 'v1/prefix/remove', { model: 'm', tokens: [1, 2, 3, 4] }],
    ['kv.clear', 'v1/clear', { namespace: 5 }],
    ['kv.exists', 'v1/objects/exists', { keys: [], lease: 'yes', more: 1 }],
    ['kv.pin', 'v1/objects/pin', { keys: ['', 'x'.repeat(5000)] }],
    ['kv.lookup', 'v1/prefix/lookup', { model: '', tokens: [-1] }],
    ['kv.lookup', 'v1/prefix/lookup', { model: 'a@b', tokens: [1] }],
    ['kv.clear', 'v1/clear', { namespace: -1 }],
  ])('%s is answered as POST /%s', async (pattern, path, data) => {
    const byHttp = (await server.post(path, data)) as { error?: object };
    const byMessage = await ask(client, pattern, data).catch((error: unknown) => ({ error }));
    expect(byMessage).toEqual(byHttp);
    expect(byMessage).toBeDefined();
  });

  it('kv.status says what GET /v1/status says, and where the doors listen', async () => {
    const byHttp = await (await fetch(`http://${server.address('http')}/v1/status`)).json();
    const status = await ask<{ doors: { name: string; address: string }[] }>(client, 'kv.status', {});
    expect(Object.keys(status)).toEqual(Object.keys(byHttp as object));
    expect(status.doors.map(({ name, address }) => [name, address])).toEqual(
      expect.arrayContaining([['nest', server.address('nest')]]),
    );
  });

  it('counts bytes, also of connections that are gone', async () => {
    const bytesIn = (): number => server.door('nest').counters['bytes_in'] as number;
    const before = bytesIn();
    const other = server.client();
    await ask(other, 'kv.put', { items: [{ key: 'counted', value: base64('x'.repeat(3000)) }] });
    const counted = bytesIn();
    expect(counted - before).toBeGreaterThan(4000);
    const { connections } = server.door('nest');
    await other.close();
    await expectEventually(() => server.door('nest').connections === connections - 1);
    expect(bytesIn()).toBe(counted);
    expect(server.door('nest').counters['bytes_out']).toBeGreaterThan(0);
  });

  it('kv.put and kv.get carry small values in base64, with metadata, checksum and namespace', async () => {
    const bytes = someBytes(MAX_VALUE_BYTES);
    const items = [
      { key: 'a', value: base64('hello'), metadata: base64('about') },
      { key: 'b', value: bytes.toString('base64') },
      { key: 'c', value: '' },
    ];
    expect(await ask(client, 'kv.put', { items, namespace: 2, ack: 'all' })).toMatchObject({
      results: [
        { stored: true, tiers: ['memory'], checksum: '9a71bb4c' },
        { stored: true },
        { stored: true },
      ],
    });
    const keys = ['a', 'missing', 'b', 'c'];
    const { values } = await ask<{ values: ({ value: string; checksum: string } | null)[] }>(
      client,
      'kv.get',
      { keys, namespace: 2 },
    );
    expect(values[0]).toEqual({ value: base64('hello'), metadata: base64('about'), checksum: '9a71bb4c' });
    expect(values[1]).toBeNull();
    expect(Buffer.from(values[2]!.value, 'base64').equals(bytes)).toBe(true);
    expect(values[3]).toEqual({ value: '', checksum: '00000000' });
    expect(await ask(client, 'kv.get', { keys: ['a'] })).toEqual({ values: [null] });
  });

  it('kv.put says of each value why it was not stored', async () => {
    const value = base64('x');
    const items = [
      { key: 'there', value },
      { key: 'new', value, checksum: '00000001' },
    ];
    expect(await ask(client, 'kv.put', { items, only_if_absent: true })).toEqual({
      results: [
        { stored: false, reason: 'exists' },
        { stored: false, reason: 'checksum' },
      ],
    });
  });

  it('kv.put keeps a value as long as it was told to', async () => {
    await ask(client, 'kv.put', { items: [{ key: 'brief', value: '', ttl_ms: 60_000 }] });
    const expiry = await server.engine.expiresAtMs(ChunkKey.of('brief'));
    expect(expiry! - Date.now()).toBeGreaterThan(30_000);
    expect(expiry! - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it('kv.store and kv.retrieve carry the chunks of a prefix, in order, up to the first that is missing', async () => {
    const tokens = Array.from({ length: 16 }, (_, index) => index);
    const chunk = (index: number): object => ({ index, value: base64(`chunk ${index}`) });
    const answer = await ask(client, 'kv.store', {
      model: 'm',
      tokens,
      chunks: [{ ...chunk(1), metadata: base64('m1') }, chunk(0), chunk(3)],
    });
    expect(answer).toMatchObject({ chunks: [{ index: 1, stored: true }, { index: 0 }, { index: 3 }] });
    const retrieved = await lastValueFrom(
      client.send<{ key: string }>('kv.retrieve', { model: 'm', tokens }).pipe(toArray()),
    );
    expect(retrieved).toMatchObject([
      { index: 0, start_token: 0, tokens: 4, value: base64('chunk 0') },
      { index: 1, start_token: 4, tokens: 4, value: base64('chunk 1'), metadata: base64('m1') },
    ]);
    expect(await ask(client, 'kv.lookup', { model: 'm', tokens })).toMatchObject({ hit_tokens: 8 });
    expect(await ask(client, 'kv.prefix.remove', { model: 'm', tokens })).toEqual({ removed: 3 });
    expect(await lastValueFrom(client.send('kv.retrieve', { model: 'm', tokens }).pipe(toArray()))).toEqual(
      [],
    );
  });

  it('gives back more chunks than there is room for in a socket, to a client that reads', async () => {
    const tokens = Array.from({ length: 4 * 200 }, (_, index) => index);
    const bytes = someBytes(MAX_VALUE_BYTES);
    for (let first = 0; first < 200; first += 10) {
      const chunks = Array.from({ length: 10 }, (_, n) => ({
        index: first + n,
        value: bytes.toString('base64'),
      }));
      await ask(client, 'kv.store', { model: 'long', tokens, chunks });
    }
    const retrieved = await lastValueFrom(
      client.send<{ value: string }>('kv.retrieve', { model: 'long', tokens }).pipe(toArray()),
    );
    expect(retrieved).toHaveLength(200);
    expect(retrieved.every(({ value }) => value === bytes.toString('base64'))).toBe(true);
    const tcp = await connect(`kvnest://${server.address('tcp')}`);
    const byTcp = await lastValueFrom(tcp.send('kv.retrieve', { model: 'long', tokens }).pipe(toArray()));
    await tcp.close();
    expect(byTcp).toEqual(retrieved);
    await ask(client, 'kv.prefix.remove', { model: 'long', tokens });
    expect(server.engine.status().arena.references).toBe(0);
  });

  it.each([
    [
      'no base64',
      'kv.put',
      { items: [{ key: 'a', value: '***' }, { key: 7 }] },
      ['items[0].value', 'items[1].value', 'items[1].key'],
    ],
    ['an unknown field', 'kv.put', { items: [{ key: 'a', value: '', more: 1 }] }, ['items[0].more']],
    [
      'a checksum that is none',
      'kv.put',
      { items: [{ key: 'a', value: '', checksum: 'x' }] },
      ['items[0].checksum'],
    ],
    [
      'metadata that is too long',
      'kv.put',
      { items: [{ key: 'a', value: '', metadata: base64('x'.repeat(1025)) }] },
      ['items[0].metadata'],
    ],
    ['an empty key', 'kv.put', { items: [{ key: '', value: '' }] }, ['items[0].key']],
    ['no list', 'kv.put', { items: 'a' }, ['items']],
    ['an item that is no object', 'kv.put', { items: [3] }, ['items[0]']],
    ['data that is no object', 'kv.get', 'keys', ['body']],
    [
      'a chunk that the tokens do not make',
      'kv.store',
      { model: 'm', tokens: [1, 2, 3, 4], chunks: [{ index: 1, value: '' }] },
      ['chunks[0].index'],
    ],
    ['unknown types of events', 'kv.events', { types: ['born'] }, ['types']],
  ])('refuses %s with what is wrong', async (_, pattern, data, paths) => {
    const refusal = await refusalOf(ask(client, pattern, data));
    expect(refusal).toMatchObject({ code: 'KV_INPUT_INVALID', message: expect.any(String) });
    const { problems } = refusal['details'] as { problems: { path: string }[] };
    expect(new Set(problems.map(({ path }) => path))).toEqual(new Set(paths));
  });

  it('refuses a pattern that nobody answers', async () => {
    for (const pattern of ['kv.nothing', '{"a":1}', '__proto__', '']) {
      expect(await refusalOf(ask(client, pattern, {}))).toMatchObject({ code: 'KV_NEST_PATTERN' });
    }
  });

  it('refuses values that are too large, and says who takes them', async () => {
    const value = someBytes(MAX_VALUE_BYTES + 1).toString('base64');
    await put(server, ChunkKey.of('large'), someBytes(MAX_VALUE_BYTES + 1));
    const tokens = [1, 2, 3, 4];
    const large = [
      ask(client, 'kv.put', { items: [{ key: 'a', value }] }),
      ask(client, 'kv.put', { items: Array(17).fill({ key: 'a', value: value.slice(4) }) }),
      ask(client, 'kv.get', { keys: ['there', 'large'] }),
      ask(client, 'kv.store', { model: 'm', tokens, chunks: [{ index: 0, value }] }),
    ];
    for (const answer of large) {
      expect(await refusalOf(answer)).toMatchObject({
        code: 'KV_NEST_VALUE_TOO_LARGE',
        remedy: `use kvnest/client with kvnest://${server.address('tcp')}, which sends bytes as they are`,
        details: { maxValueBytes: MAX_VALUE_BYTES },
      });
    }
    expect(await ask(client, 'kv.exists', { keys: ['a'] })).toMatchObject({ tiers: [null] });
  });

  it('ends a retrieve at a chunk that is too large', async () => {
    const tokens = [7, 7, 7, 7];
    const request = { model: 'm', tokens: Uint32Array.from(tokens) };
    const [place] = server.engine.chunks(request);
    await put(server, place!.key, someBytes(MAX_VALUE_BYTES + 1));
    const refusal = await refusalOf(ask(client, 'kv.retrieve', { model: 'm', tokens }));
    expect(refusal).toMatchObject({ code: 'KV_NEST_VALUE_TOO_LARGE' });
    expect(server.engine.status().arena.references).toBe(0);
  });

  it('answers a message far beyond every limit, and those before and after it', async () => {
    const chunk = Buffer.alloc(24 * KIB * KIB).toString('base64');
    const [before, large, after] = await Promise.all([
      ask(client, 'kv.exists', { keys: ['there'] }),
      refusalOf(ask(client, 'kv.put', { items: [{ key: 'a', value: chunk }] })),
      ask(client, 'kv.exists', { keys: ['there'] }),
    ]);
    expect(large).toMatchObject({ code: 'KV_NEST_VALUE_TOO_LARGE' });
    expect([before, after]).toEqual([{ tiers: ['memory'] }, { tiers: ['memory'] }]);
  });
});

it('without a TCP door a value that is too large is told to turn it on', async () => {
  const server = await MessageServer.start({ doors: { tcp: false, http: false } });
  try {
    const value = someBytes(MAX_VALUE_BYTES + 1).toString('base64');
    const refusal = await refusalOf(ask(server.client(), 'kv.put', { items: [{ key: 'a', value }] }));
    expect(refusal['remedy']).toMatch(/doors\.tcp on/);
  } finally {
    await server.close();
  }
});
