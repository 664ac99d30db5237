import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { channel } from 'node:diagnostics_channel';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { get } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ask, MessageServer, type MessageServerOptions, refusalOf } from '../support/message-server.js';
import { NestRawClient } from '../support/nest-raw-client.js';
import { SeededRandom } from '../support/seeded-random.js';

const KIB = 1024;
const MIB = KIB * KIB;

let server: MessageServer;

afterEach(() => server.close());

async function start(options: MessageServerOptions = {}): Promise<void> {
  server = await MessageServer.start({ ...options, doors: { http: false, ...options.doors } });
}

const open = (): Promise<NestRawClient> => NestRawClient.open(server.port('nest'));

describe('a token', () => {
  const exists = { keys: ['a'] };

  it('is asked for in the data of each message, and not seen by its handler', async () => {
    await start({ config: { auth: { token: 'hush' } } });
    const client = server.client();
    for (const data of [exists, 'hush', ['hush'], { ...exists, token: 7 }]) {
      expect(await refusalOf(ask(client, 'kv.exists', data))).toMatchObject({
        code: 'KV_AUTH_REQUIRED',
        remedy: expect.stringContaining('token'),
      });
    }
    for (const pattern of ['kv.exists', 'kv.status', 'kv.events', 'kv.nothing']) {
      const wrong = ask(client, pattern, { ...exists, token: 'hush!' });
      expect(await refusalOf(wrong)).toMatchObject({ code: 'KV_AUTH_WRONG' });
    }
    expect(await ask(client, 'kv.exists', { ...exists, token: 'hush' })).toEqual({ tiers: [null] });
  });

  it('that nobody asks for is a field that nobody knows', async () => {
    await start();
    const refusal = await refusalOf(ask(server.client(), 'kv.exists', { ...exists, token: 'hush' }));
    expect(refusal).toMatchObject({ code: 'KV_INPUT_INVALID', message: 'token: unknown' });
  });
});

describe('what is no message of Nest', () => {
  it.each([
    ['no length', 'hello#world'],
    ['no delimiter', 'x'.repeat(100)],
    ['a negative length', '-1#'],
    ['a length that is too long', `${'9'.repeat(30)}#`],
    ['no length at all', '#{}'],
    ['a length of zero', '0#'],
    ['broken JSON', '5#{"a":'],
    ['HTTP', 'GET / HTTP/1.1\r\nHost: kvnest\r\n\r\n'],
    ['the TCP protocol', Buffer.concat([Buffer.from('KVN1'), Buffer.alloc(24, 1)])],
    ['a message beyond all limits without an id', `${100 * MIB}#${'x'.repeat(64 * KIB)}`.repeat(1)],
  ])('costs its connection, and no other: %s', async (_, bytes) => {
    await start({ nest: { bodyTimeoutMs: 300 } });
    using bad = await open();
    bad.socket.write(bytes);
    await expectEventually(() => bad.closed);
    expect(await ask(server.client(), 'kv.exists', { keys: ['a'] })).toEqual({ tiers: [null] });
  });

  it('is answered where it has an id', async () => {
    await start();
    using client = await open();
    client.send({ id: '1' });
    client.send({ id: '2', pattern: { cmd: 'sum' }, data: [1] });
    client.send({ id: '3', pattern: 'kv.get' });
    client.send({ id: '4', pattern: 'kv.get', data: null });
    client.send({ id: '5', pattern: ['kv.get'], data: {} });
    const deep = `{"id":"6","pattern":${'['.repeat(5000)}${']'.repeat(5000)},"data":{}}`;
    client.socket.write(`${deep.length}#${deep}`);
    await expectEventually(() => client.packets.length === 6);
    const codes = new Map(client.packets.map(({ id, err }) => [id, (err as { code: string }).code]));
    expect(Object.fromEntries(codes)).toEqual({
      1: 'KV_NEST_PATTERN',
      2: 'KV_NEST_PATTERN',
      3: 'KV_INPUT_INVALID',
      4: 'KV_INPUT_INVALID',
      5: 'KV_NEST_PATTERN',
      6: 'KV_NEST_PATTERN',
    });
    expect(client.packets.every(({ isDisposed }) => isDisposed === true)).toBe(true);
  });

  it('may be an event that nobody takes', async () => {
    await start();
    using client = await open();
    client.send({ pattern: 'kv.nothing', data: {} });
    client.send({ id: '1', pattern: 'kv.exists', data: { keys: ['a'] } });
    await expectEventually(() => client.packets.length === 1);
    expect(server.door('nest').counters).toMatchObject({ requests: 2, errors: 1 });
  });

  it('may be an event for what answers messages only: it starts no stream that nobody can end', async () => {
    await start();
    using client = await open();
    client.send({ pattern: 'kv.events', data: {} });
    client.send({ id: '1', pattern: 'kv.exists', data: { keys: ['a'] } });
    await expectEventually(() => client.packets.length === 1);
    expect(channel('kvnest:engine.miss').hasSubscribers).toBe(false);
    expect(server.door('nest').counters).toMatchObject({ requests: 2, errors: 1 });
  });

  it('may be anything: random bytes leave the door as it was', async () => {
    await start({ nest: { bodyTimeoutMs: 100 } });
    const random = new SeededRandom(7);
    const message = JSON.stringify({ pattern: 'kv.exists', data: { keys: ['a'] }, id: 'x' });
    for (let round = 0; round < 60; round++) {
      using client = await open();
      const bytes = Buffer.from(`${message.length}#${message}`.repeat(3));
      for (let n = random.below(4); n > 0; n--) bytes[random.below(bytes.length)] = random.below(256);
      client.socket.write(bytes.subarray(0, 1 + random.below(bytes.length)));
      client.socket.write(random.bytes(random.below(200)));
      await expectEventually(() => client.closed || client.packets.length > 0);
    }
    await expectEventually(() => server.door('nest').connections === 0);
    expect(await ask(server.client(), 'kv.exists', { keys: ['a'] })).toEqual({ tiers: [null] });
  });
});

describe('the limits of the door', () => {
  it('take a message in whatever pieces it comes, and several in one', async () => {
    await start();
    using client = await open();
    const text = (id: number): string => {
      const key = `ключ-🔑-${id}`;
      const json = JSON.stringify({
        pattern: 'kv.put',
        data: { items: [{ key, value: 'YQ==' }] },
        id: `${id}`,
      });
      return `${json.length}#${json}`;
    };
    const bytes = Buffer.from(Array.from({ length: 20 }, (_, id) => text(id)).join(''));
    for (let at = 0; at < bytes.length; at += 7) client.socket.write(bytes.subarray(at, at + 7));
    await expectEventually(() => client.packets.length === 20);
    expect((await get(server, ChunkKey.of('ключ-🔑-19')))?.toString()).toBe('a');
  });

  it('cut off a message that stops, whether it is too long or not', async () => {
    await start({ nest: { bodyTimeoutMs: 150 } });
    for (const begun of ['1', '100#{"pattern"', `${200 * MIB}#{"pattern"`]) {
      using client = await open();
      client.socket.write(begun);
      await expectEventually(() => client.closed);
    }
    using idle = await open();
    await new Promise((resolve) => setTimeout(resolve, 400));
    idle.send({ id: '1', pattern: 'kv.exists', data: { keys: ['a'] } });
    await expectEventually(() => idle.packets.length === 1);
  });

  it('cut off a client that does not read its answers', async () => {
    await start({ nest: { bodyTimeoutMs: 300 } });
    await server.engine.clear();
    const item = { key: 'a', value: Buffer.alloc(60 * KIB, 1).toString('base64') };
    await ask(server.client(), 'kv.put', { items: [item] });
    using client = await open();
    client.socket.pause();
    for (let id = 0; id < 400; id++) client.send({ id: `${id}`, pattern: 'kv.get', data: { keys: ['a'] } });
    await expectEventually(() => server.door('nest').connections === 1);
    expect(server.engine.status().arena.references).toBe(0);
  });

  it('close what is beyond the number of connections', async () => {
    await start({ nest: { maxConnections: 2 } });
    using first = await open();
    using second = await open();
    await expectEventually(() => server.door('nest').connections === 2);
    using third = await open();
    await expectEventually(() => third.closed);
    expect([first.closed, second.closed]).toEqual([false, false]);
    expect(server.door('nest').counters).toMatchObject({ connections_refused: 1 });
  });

  it('refuse requests of a connection that has a thousand in flight', async () => {
    await start();
    using client = await open();
    for (let id = 0; id < 1030; id++) client.send({ id: `${id}`, pattern: 'kv.events', data: {} });
    await expectEventually(() => client.packets.length === 6);
    expect(client.packets[0]).toMatchObject({
      id: '1024',
      err: { code: 'KV_NEST_IN_FLIGHT', retryable: true },
    });
    client.socket.destroy();
    await expectEventually(() => !channel('kvnest:engine.miss').hasSubscribers);
  });
});

it('a reply that is on its way when its client hangs up is nobody’s trouble', async () => {
  await start();
  await ask(server.client(), 'kv.put', {
    items: [{ key: 'a', value: Buffer.alloc(64 * KIB).toString('base64') }],
  });
  for (let round = 0; round < 20; round++) {
    using client = await open();
    for (let id = 0; id < 20; id++) client.send({ id: `${id}`, pattern: 'kv.get', data: { keys: ['a'] } });
    if (round % 2 === 0) await once(client.socket, 'data');
    client.socket.resetAndDestroy();
  }
  await expectEventually(() => server.door('nest').connections === 1);
  expect(server.engine.status().arena.references).toBe(0);
});
