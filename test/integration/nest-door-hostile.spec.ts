import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { channel } from 'node:diagnostics_channel';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { FRAME_PREFIX_BYTES } from '../../src/protocols/kvnest-tcp/frame.js';
import { get, put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ask, MessageServer, type MessageServerOptions, refusalOf } from '../support/message-server.js';
import { NestRawClient } from '../support/nest-raw-client.js';
import { SeededRandom } from '../support/seeded-random.js';
import { TcpTestClient } from '../support/tcp-client.js';

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

describe('kv.events', () => {
  interface Told {
    readonly type: string;
    readonly key?: string;
    readonly events?: number;
  }
  const told = (client: NestRawClient): Told[] =>
    client.packets.flatMap(({ response }) => (response === undefined ? [] : [response as Told]));

  it('tells what happens to chunks, until the client is gone', async () => {
    await start();
    const events: unknown[] = [];
    const client = server.client();
    client.send('kv.events', {}).subscribe({
      next: (event) => events.push(event),
      error: () => events.push('closed'),
    });
    await expectEventually(() => channel('kvnest:engine.miss').hasSubscribers);
    await ask(client, 'kv.get', { keys: ['a'] });
    await ask(client, 'kv.put', { items: [{ key: 'a', value: 'YQ==' }], namespace: 3 });
    await ask(client, 'kv.get', { keys: ['a'], namespace: 3 });
    await expectEventually(() => events.length === 3);
    expect(events).toEqual([
      { type: 'miss', key: 'a', namespace: 0, reason: 'miss' },
      { type: 'stored', key: 'a', namespace: 3, tier: 'memory', bytes: 1 },
      { type: 'hit', key: 'a', namespace: 3, tier: 'memory', bytes: 1 },
    ]);
    client.close();
    expect(events.at(-1)).toBe('closed');
    await expectEventually(() => !channel('kvnest:engine.miss').hasSubscribers);
  });

  it('tells of the types that were asked for, evictions among them', async () => {
    await start();
    using client = await open();
    client.send({ id: '1', pattern: 'kv.events', data: { types: ['evicted'] } });
    await expectEventually(() => channel('kvnest:engine.evicted').hasSubscribers);
    const { engine } = server;
    for (let n = 0; n < 12; n++) {
      const room = await engine.reserve(ChunkKey.of(`large ${n}`), 4 * MIB);
      if ('refused' in room) throw new Error(room.refused);
      using reservation = room;
      await reservation.commit({ checksum: 0 });
    }
    await expectEventually(() => told(client).length > 0);
    expect(told(client)[0]).toMatchObject({
      type: 'evicted',
      key: 'large 0',
      tier: 'memory',
      bytes: expect.any(Number),
    });
    expect(told(client).every(({ type }) => type === 'evicted')).toBe(true);
  });

  const ROUNDS = 300;
  const KEYS_PER_ROUND = 500;

  /** Misses, in order: more of them than sockets and queues hold. */
  async function makeMisses(): Promise<void> {
    const suffix = 'k'.repeat(200);
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = 0; n < KEYS_PER_ROUND; n++) {
        await server.engine.get(ChunkKey.of(`${round * KEYS_PER_ROUND + n} ${suffix}`));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Every miss is told or counted, each in its place. */
  async function expectSomeLost(events: () => readonly Told[]): Promise<void> {
    const count = (): number =>
      events().reduce((sum, { type, events: lost = 0 }) => sum + (type === 'lost' ? lost : 1), 0);
    await expectEventually(() => count() === ROUNDS * KEYS_PER_ROUND);
    expect(events().filter(({ type }) => type === 'lost').length).toBeGreaterThan(0);
    expect(events().length).toBeLessThan((ROUNDS * KEYS_PER_ROUND) / 2);
    let next = 0;
    for (const { type, key, events: lost = 0 } of events()) {
      if (type === 'lost') next += lost;
      else expect(Number.parseInt(key ?? '', 10)).toBe(next++);
    }
  }

  it('loses events for a stock client that is slow, and tells how many in their place', async () => {
    await start();
    using client = await open();
    client.send({ id: '1', pattern: 'kv.events', data: { types: ['miss'] } });
    await expectEventually(() => channel('kvnest:engine.miss').hasSubscribers);
    client.socket.pause();
    await makeMisses();
    client.socket.resume();
    await expectSomeLost(() => told(client));
  });

  it('loses events for a client of the TCP door that is slow, in the same way', async () => {
    await start();
    using client = await TcpTestClient.open(server.port('tcp'));
    client.named('kv.events', { types: ['miss'] });
    await expectEventually(() => channel('kvnest:engine.miss').hasSubscribers);
    const events: Told[] = [];
    let unread: Buffer = Buffer.alloc(0);
    client.socket.removeAllListeners('data').on('data', (bytes: Buffer) => {
      unread = Buffer.concat([unread, bytes]);
      for (;;) {
        const end = FRAME_PREFIX_BYTES + (unread.length < FRAME_PREFIX_BYTES ? 0 : unread.readUInt32LE(8));
        if (unread.length < end) return;
        const { data } = JSON.parse(unread.toString('utf8', FRAME_PREFIX_BYTES, end)) as { data: Told };
        events.push(data);
        unread = unread.subarray(end);
      }
    });
    client.socket.pause();
    await makeMisses();
    client.socket.resume();
    await expectSomeLost(() => events);
  });

  it('loses nothing of a burst for a client that reads', async () => {
    await start();
    using client = await open();
    client.send({ id: '1', pattern: 'kv.events', data: {} });
    await expectEventually(() => channel('kvnest:engine.miss').hasSubscribers);
    for (let n = 0; n < 2000; n++) await server.engine.get(ChunkKey.of(`${n}`));
    await expectEventually(() => told(client).length === 2000);
    expect(told(client).every(({ type }) => type === 'miss')).toBe(true);
  });
});

describe('kv.retrieve', () => {
  const CHUNKS = 300;
  const request = { model: 'm', tokens: Array.from({ length: 4 * CHUNKS }, (_, n) => n) };

  it.each(['nest', 'tcp'] as const)(
    'reads no more chunks than a client of the %s door takes',
    async (door) => {
      await start();
      const { engine } = server;
      for (const { key } of engine.chunks({ model: 'm', tokens: Uint32Array.from(request.tokens) })) {
        await put(server, key, Buffer.alloc(64 * KIB, 1));
      }
      using client = door === 'nest' ? await open() : await TcpTestClient.open(server.port('tcp'));
      if (client instanceof TcpTestClient) client.named('kv.retrieve', request);
      else client.send({ id: '1', pattern: 'kv.retrieve', data: request });
      client.socket.pause();
      await expectEventually(() => engine.status().counters.hits > 10);
      // Long enough for all of them.
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(engine.status().counters.hits).toBeLessThan(CHUNKS - 50);
      expect(engine.status().arena.references).toBeGreaterThan(0);
      client.socket.destroy();
      await expectEventually(() => engine.status().arena.references === 0);
      expect(engine.status().counters.hits).toBeLessThan(CHUNKS - 50);
    },
  );
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
