import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type InfinistoreConnectorOptions } from '../../src/connectors/infinistore/infinistore.connector.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeExists, encodeRemove } from '../../src/protocols/infinistore/infinistore-request.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { cutPut, InfinistoreRawClient } from '../support/infinistore/infinistore-raw-client.js';
import { InfinistoreServer, missingInfinistore } from '../support/infinistore/infinistore-server.js';
import { InfinistoreWorld } from '../support/infinistore/infinistore-world.js';
import { describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';

const MIB = 1024 * 1024;
const LAYOUTS = ['lmcache', 'sealed'] as const;
const ABORTED = { code: 'KV_REMOTE_ABORTED' };

describeWithPeer(missingInfinistore())('What kills an InfiniStore server', () => {
  let server: InfinistoreServer;

  beforeAll(async () => {
    server = await InfinistoreServer.start();
  });
  afterAll(() => server.kill());

  describe.each(LAYOUTS)('is not done by layout %s:', (layout) => {
    let world: InfinistoreWorld;

    const another = (
      options: Partial<InfinistoreConnectorOptions> = {},
      port = server.port,
    ): Promise<InfinistoreWorld> => InfinistoreWorld.connect(port, { layout, ...options });

    beforeEach(async () => {
      await server.purge();
      world = await another();
    });
    afterEach(async () => {
      expect(await world.close()).toBe(0);
      const isAlive = await server.isAlive();
      if (!isAlive) await server.restart();
      expect(isAlive).toBe(true);
    });

    it('a get that is taken back ends at once, and its answer is read to the end', async () => {
      const bytes = chunkBytes(12 * MIB);
      await world.store('key', bytes);
      for (let i = 0; i < 5; i++) {
        expect(await errorOf(() => world.fetch('key', world.abortAtFirstBytes()))).toMatchObject(ABORTED);
      }
      await expectEventually(() => world.arena.usage().references === 0);
      expectBytes(await world.fetch('key'), bytes);
    });

    it('closing waits for the answer of a get that was taken back, and of one that was not', async () => {
      const bytes = chunkBytes(12 * MIB);
      await world.store('key', bytes);
      expect(await errorOf(() => world.fetch('key', world.abortAtFirstBytes()))).toMatchObject(ABORTED);
      await world.connector.close();
      await world.connector.connect();
      const running = world.fetch('key');
      await world.connector.close();
      expectBytes(await running, bytes);
    });

    it('closing waits for short answers, too', async () => {
      const { connector } = world;
      const key = ChunkKey.of('key');
      for (let i = 0; i < 25; i++) {
        const calls = [
          connector.exists(key),
          connector.remove(key),
          connector.existsMany([ChunkKey.of('a'), ChunkKey.of('b')], { upToGap: true }),
          connector.ping(),
          world.store('key', chunkBytes(100_000 + i)),
          world.fetch('key'),
        ];
        await connector.close();
        expect(await Promise.all(calls)).toHaveLength(6);
        await connector.connect();
      }
    });

    it.each(['exists', 'ping', 'put', 'remove'] as const)('%s: taken back at any time', async (operation) => {
      const other = await another({ connections: 1 });
      const chunk = other.chunk({ key: ChunkKey.of('key'), bytes: chunkBytes(300_000) });
      for (let i = 0; i < 40; i++) {
        const abort = new AbortController();
        const options = { signal: abort.signal };
        const call =
          operation === 'put'
            ? other.connector.put(chunk, options)
            : operation === 'ping'
              ? other.connector.ping(options)
              : other.connector[operation](ChunkKey.of('key'), options);
        for (let turn = 0; turn < i % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        abort.abort();
        await call.catch((error: unknown) => expect(error).toMatchObject(ABORTED));
      }
      chunk[Symbol.dispose]();
      expect(await other.close()).toBe(0);
    });

    it('a connector that gave up connecting leaves the answer its time', async () => {
      server.suspend();
      const connecting = AbortSignal.timeout(50);
      await world.connector.close();
      const failure = errorOf(() => world.connector.connect({ signal: connecting }));
      await failure;
      server.resume();
      expect(await failure).toMatchObject(ABORTED);
      await world.connector.connect();
      await world.connector.ping();
    });

    it('after a long value a connection rests until the server knows that it has sent it', async () => {
      const other = await another({ connections: 4 });
      // Nine pieces, of which the server looks for requests between the last and knowing so.
      const keys = Array.from({ length: 5 }, (_, i) => ChunkKey.of(`key-${i}`));
      for (let i = 0; i < 5; i++) await other.store(`key-${i}`, chunkBytes(2 * MIB, i));
      for (let round = 0; round < 60; round++) {
        const outcomes = await other.connector.getMany([...keys, ...keys.slice(0, 2)]);
        for (const outcome of outcomes) {
          if (typeof outcome === 'string') expect(outcome).toBe('busy');
          else outcome[Symbol.dispose]();
        }
        expect(await other.fetch('none')).toBe('miss');
      }
      expect(await other.close()).toBe(0);
    });

    it('many calls at once share a connection one after the other', async () => {
      const other = await another({ connections: 1 });
      const names = Array.from({ length: 12 }, (_, i) => `key-${i}`);
      const put = await Promise.all(names.map((name, i) => other.store(name, chunkBytes(400_000 + i, i))));
      expect(new Set(put)).toEqual(new Set(['stored']));
      const [found, ...reads] = await Promise.all([
        other.connector.existsMany(names.map((name) => ChunkKey.of(name))),
        ...names.map((name) => other.fetch(name)),
        ...names.map((name) => other.fetch(`not-${name}`)),
      ]);
      expect(found).toEqual(names.map(() => true));
      for (const [i, read] of reads.slice(0, 12).entries()) expectBytes(read, chunkBytes(400_000 + i, i));
      expect(new Set(reads.slice(12))).toEqual(new Set(['miss']));
      expect(await other.close()).toBe(0);
    });

    it('reads, lookups and removals of a key wait for a put of it', async () => {
      const bytes = [1, 2].map((seed) => chunkBytes(8 * MIB, seed));
      const key = ChunkKey.of('key');
      for (let i = 0; i < 6; i++) {
        const [stored, found, read, , , again] = await Promise.all([
          world.store('key', bytes[i % 2]!),
          world.connector.exists(key),
          world.fetch('key'),
          world.connector.existsMany([key, key], { upToGap: true }),
          i % 3 === 0 ? world.connector.remove(key) : undefined,
          world.fetch('key'),
        ]);
        expect([stored, found]).toEqual(['stored', true]);
        expectBytes(read, bytes[i % 2]!);
        if (i % 3 === 0) expect(again).toBe('miss');
        else expectBytes(again, bytes[i % 2]!);
      }
    });

    it('a lookup during a put says that it is there when it is', async () => {
      server.suspend();
      const order: string[] = [];
      const put = world.store('key', chunkBytes(8 * MIB)).then(() => order.push('stored'));
      const found = world.connector.exists(ChunkKey.of('key')).then((is) => order.push(`exists ${is}`));
      server.resume();
      await Promise.all([put, found]);
      expect(order).toEqual(['stored', 'exists true']);
    });

    it('a put that nobody waits for goes on', async () => {
      await using proxy = await HoldingProxy.start(server.port);
      const other = await another({}, proxy.port);
      const bytes = chunkBytes(8 * MIB);
      const abort = new AbortController();
      proxy.holdAfter(MIB);
      const put = errorOf(() => other.store('key', bytes, abort.signal));
      await expectEventually(() => proxy.heldBytes > 0);
      abort.abort();
      expect(await put).toMatchObject(ABORTED);
      const next = other.fetch('key');
      proxy.release();
      expectBytes(await next, bytes);
      expect(await other.close()).toBe(0);
    });

    it.each([
      ['and what was on its way is lost', false],
      ['and what was on its way comes later', true],
    ])('a put that was cut off is healed, %s', async (_, comesLater) => {
      await using proxy = await HoldingProxy.start(server.port);
      const other = await another({ putPatienceMs: 1 }, proxy.port);
      for (let i = 0; i < 5; i++) {
        const abort = new AbortController();
        proxy.holdAfter(MIB);
        const put = errorOf(() => other.store('key', chunkBytes(16 * MIB), abort.signal));
        await expectEventually(() => proxy.heldBytes > 0);
        abort.abort();
        expect(await put).toMatchObject(ABORTED);
        expect(await other.fetch('key')).toBe('miss');
        if (comesLater) proxy.release();
        else proxy.cut();
        expect(await other.connector.exists(ChunkKey.of('key'))).toBe(false);
        expect(await other.connector.remove(ChunkKey.of('key'))).toBe(false);
        expect(await other.store('key', chunkBytes(100_000, i))).toBe('stored');
        expectBytes(await other.fetch('key'), chunkBytes(100_000, i));
      }
      await other.connector.remove(ChunkKey.of('key'));
      expect(await server.keyCount()).toBe(0);
      expect(await other.close()).toBe(0);
    });

    it('a put that was cut off while the server hung is healed when it goes on', async () => {
      const bytes = chunkBytes(16 * MIB);
      for (let i = 0; i < 10; i++) {
        const other = await another({ putPatienceMs: 1 });
        server.suspend();
        const put = errorOf(() => other.store('key', bytes, AbortSignal.timeout(20)));
        expect(await put).toMatchObject(ABORTED);
        await new Promise((resolve) => setTimeout(resolve, 10));
        server.resume();
        expect(await other.fetch('key')).toBe('miss');
        expect(await server.keyCount()).toBe(0);
        expect(await other.close()).toBe(0);
      }
    });

    it('a put that was sent to its end is not cut off, however long its answer takes', async () => {
      const other = await another({ putPatienceMs: 1 });
      for (let i = 0; i < 10; i++) {
        server.suspend();
        const put = errorOf(() => other.store('key', chunkBytes(70_000, i), AbortSignal.timeout(10)));
        expect(await put).toMatchObject(ABORTED);
        await new Promise((resolve) => setTimeout(resolve, 10));
        server.resume();
        expect(['miss', 70_000]).toContain(lengthOf(await other.fetch('key')));
      }
      expect(await other.close()).toBe(0);
    });

    it('the memory of puts that were cut off is free again', async () => {
      await server.restart();
      await using proxy = await HoldingProxy.start(server.port);
      const other = await another({ putPatienceMs: 1, maxValueBytes: 512 * MIB }, proxy.port);
      const chunk = other.chunk({ key: ChunkKey.of('key'), bytes: chunkBytes(16 * MIB) });
      for (let i = 0; i < 80; i++) {
        const abort = new AbortController();
        proxy.holdAfter(MIB);
        const put = errorOf(() => other.connector.put(chunk, abort));
        await expectEventually(() => proxy.heldBytes > 0);
        abort.abort();
        expect(await put).toMatchObject(ABORTED);
        expect(await other.fetch('key')).toBe('miss');
        proxy.cut();
      }
      expect(await server.keyCount()).toBe(0);
      expect(await other.connector.put(chunk)).toBe('stored');
      chunk[Symbol.dispose]();
      expect(await other.close()).toBe(0);
    });

    it('a put that the network cut off is healed, and nothing is left of an older chunk', async () => {
      await using proxy = await HoldingProxy.start(server.port);
      const other = await another({}, proxy.port);
      for (let i = 0; i < 5; i++) {
        expect(await other.store('key', chunkBytes(1_000))).toBe('stored');
        proxy.holdAfter(MIB);
        const put = other.store('key', chunkBytes(8 * MIB));
        await expectEventually(() => proxy.heldBytes > 0);
        proxy.cut();
        // A connection that was idle before may have been dead: then it is sent once more.
        const outcome = await put;
        if (outcome === 'stored') expectBytes(await other.fetch('key'), chunkBytes(8 * MIB));
        else expect([outcome, await other.fetch('key')]).toEqual(['busy', 'miss']);
      }
      expect(await other.close()).toBe(0);
    });

    it('a put that was cut off by the end of the server is healed when there is another', async () => {
      await using proxy = await HoldingProxy.start(server.port);
      const other = await another({}, proxy.port);
      proxy.holdAfter(MIB);
      const put = errorOf(() => other.store('key', chunkBytes(8 * MIB)));
      await expectEventually(() => proxy.heldBytes > 0);
      await server.kill();
      proxy.cut();
      expect(await put).toMatchObject({ code: 'KV_REMOTE_UNREACHABLE', retryable: true });
      await server.restart();
      expect(await other.fetch('key')).toBe('miss');
      expect(await other.store('key', chunkBytes(1_000))).toBe('stored');
      expectBytes(await other.fetch('key'), chunkBytes(1_000));
      expect(await other.close()).toBe(0);
    });

    it('empty keys and odd ones, and the smallest chunks', async () => {
      const random = new SeededRandom(3);
      const names = ['', ' ', '\0', 'я'.repeat(200), '🙂', 'k'.repeat(900)];
      for (let i = 0; i < 12; i++) names.push(random.bytes(1 + random.below(60)).toString('latin1'));
      for (const [i, name] of new Set(names).entries()) {
        expect(await world.store(name, chunkBytes(1 + (i.length % 7), i.length))).toBe('stored');
        expectBytes(await world.fetch(name), chunkBytes(1 + (i.length % 7), i.length));
        expect(await world.connector.exists(ChunkKey.of(name))).toBe(true);
        expect(await world.connector.remove(ChunkKey.of(name))).toBe(true);
      }
    });

    it('a thousand misses leave a connection in step', async () => {
      const other = await another({ connections: 1 });
      await other.store('key', chunkBytes(100_000));
      for (let i = 0; i < 1_000; i++) expect(await other.fetch(`none-${i}`)).toBe('miss');
      expectBytes(await other.fetch('key'), chunkBytes(100_000));
      expect(await other.close()).toBe(0);
    });

    it('a value without room is busy, nothing is left of an older one, and the next is served', async () => {
      await server.restart();
      await cutPut(server.port, 'filler', 1_012 * MIB);
      await expectEventually(async () => (await server.keyCount()) === 1);
      expect(await world.store('key', chunkBytes(1_000, 1))).toBe('stored');
      expect(await world.store('key', chunkBytes(16 * MIB))).toBe('busy');
      expect(await world.fetch('key')).toBe('miss');
      using client = await InfinistoreRawClient.connect(server.port);
      expect(await client.put('filler', Buffer.alloc(1))).toBe(200);
      expect(await client.ask(encodeRemove(['filler']))).toEqual([200, 1]);
      expect(await world.store('key', chunkBytes(16 * MIB, 2))).toBe('stored');
      expectBytes(await world.fetch('key'), chunkBytes(16 * MIB, 2));
    });

    it('a chunk that was put again and is read stays when others are evicted; those are misses', async () => {
      await server.restart();
      const bytes = chunkBytes(MIB, 2);
      await world.store('key', chunkBytes(MIB, 1));
      await world.store('oldest', chunkBytes(MIB, 1));
      const filler = Buffer.alloc(20 * MIB);
      using client = await InfinistoreRawClient.connect(server.port);
      // So that a quarter of the pool is enough to fill it.
      await cutPut(server.port, 'pinned', 700 * MIB);
      for (let i = 0; i < 16; i++) {
        expect(await client.put(`filler-${i}`, filler)).toBe(200);
        if (i === 2) await world.store('key', bytes);
        if (i > 2) expectBytes(await world.fetch('key'), bytes);
      }
      expect(await client.ask(encodeExists('filler-0'))).toEqual([200, 1]);
      expect(await world.fetch('oldest')).toBe('miss');
      expect(await world.connector.exists(ChunkKey.of('oldest'))).toBe(false);
    });
  });
});

function lengthOf(outcome: Buffer | string): number | string {
  return typeof outcome === 'string' ? outcome : outcome.length;
}
