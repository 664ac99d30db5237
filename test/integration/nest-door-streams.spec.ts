import { afterEach, describe, expect, it } from '@jest/globals';
import { channel } from 'node:diagnostics_channel';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { FRAME_PREFIX_BYTES } from '../../src/protocols/kvnest-tcp/frame.js';
import { put } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { ask, MessageServer, type MessageServerOptions } from '../support/message-server.js';
import { NestRawClient } from '../support/nest-raw-client.js';
import { TcpTestClient } from '../support/tcp-client.js';

const KIB = 1024;
const MIB = KIB * KIB;

let server: MessageServer;

afterEach(() => server.close());

async function start(options: MessageServerOptions = {}): Promise<void> {
  server = await MessageServer.start({ ...options, doors: { http: false, ...options.doors } });
}

const open = (): Promise<NestRawClient> => NestRawClient.open(server.port('nest'));

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
