import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { crc32c } from '../../src/common/crc32c.js';
import { encodeFrame, FLAG_END, FRAME_TYPES, PREAMBLE } from '../../src/protocols/kvnest-tcp/frame.js';
import { PATTERNS } from '../../src/protocols/kvnest-tcp/patterns.js';
import { readGetAnswer, readPutAnswers } from '../../src/protocols/kvnest-tcp/replies.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { get } from '../support/engine.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { ScriptedBackend } from '../support/scripted.backend.js';
import { keyList, putList, type ReceivedFrame, TcpTestClient } from '../support/tcp-client.js';
import { createTestTcpDoor, type TestTcpDoor, type TestTcpDoorOptions } from '../support/tcp-door.js';

const MIB = 1024 * 1024;
const HELLO = Buffer.from('{"version":1}');
const { EXISTS, GET, PUT, DELETE, PIN, UNPIN, LOOKUP, STORE, RETRIEVE } = PATTERNS;

function json({ header }: ReceivedFrame): Record<string, unknown> {
  return JSON.parse(header.toString()) as Record<string, unknown>;
}

describe('tcp door', () => {
  let server: TestTcpDoor;
  let client: TcpTestClient;
  let slow: ScriptedBackend | undefined;

  async function start(options: TestTcpDoorOptions = {}): Promise<void> {
    server = await createTestTcpDoor(options);
    client = await TcpTestClient.open(server.port);
  }

  function withSlowTier(options: TestTcpDoorOptions = {}): Promise<void> {
    return start({ ...options, tiers: (parts) => [(slow = new ScriptedBackend('slow', parts))] });
  }

  beforeEach(() => {
    slow = undefined;
  });
  afterEach(async () => {
    slow?.release();
    client[Symbol.dispose]();
    await server.engine.settled();
    expect(server.references()).toBe(0);
    await server.close();
  });

  describe('hello', () => {
    it('tells what the server is', async () => {
      await withSlowTier();
      const [hello] = client.frames;
      expect(hello?.prefix.type).toBe(FRAME_TYPES.HELLO);
      expect(json(hello!)).toEqual({
        version: 1,
        server: expect.stringMatching(/^kvnest\/\d/),
        boot_id: expect.stringMatching(/^[\da-f-]{36}$/),
        capabilities: expect.arrayContaining(['exists', 'get', 'put', 'retrieve', 'named']),
        tiers: ['memory', 'slow'],
        chunk_tokens: 256,
        heartbeat_ms: 15_000,
        limits: { header: MIB, json: 16 * MIB, value: 512 * MIB, keys: 10_000, in_flight: 256 },
      });
    });

    it('lets in who has the token', async () => {
      server = await createTestTcpDoor({ token: 'hush' });
      client = await TcpTestClient.open(server.port, { token: 'hush' });
      expect(await client.flags(EXISTS, ['a'])).toEqual([0]);
    });

    it.each([
      ['no token', undefined, 'KV_AUTH_REQUIRED'],
      ['another', 'hash', 'KV_AUTH_WRONG'],
    ])('keeps out who has %s, whatever he sends behind it', async (_, token, code) => {
      server = await createTestTcpDoor({ token: 'hush' });
      client = await TcpTestClient.open(server.port, { hello: false });
      client.hello(token);
      client.request(PUT, putList([{ key: 'a', lengthBytes: 5 }]), { body: Buffer.alloc(5) });
      expect(await client.error(0)).toMatchObject({ code });
      await client.closed;
      expect(client.frames).toHaveLength(1);
      expect(await get(server, ChunkKey.of('a'))).toBeUndefined();
      expect(server.counter('protocol_errors')).toBe(1);
    });

    it('names the versions that it speaks', async () => {
      await start();
      using other = await TcpTestClient.open(server.port, { hello: false });
      other.hello(undefined, 2);
      expect(await other.error(0)).toMatchObject({ code: 'KV_TCP_VERSION', details: { versions: [1] } });
      await other.closed;
    });

    it.each([
      ['has the number of a request', encodeFrame({ type: FRAME_TYPES.HELLO, requestId: 1 }, HELLO)],
      ['has a body', encodeFrame({ type: FRAME_TYPES.HELLO, bodyBytes: 1 }, HELLO)],
      ['is a request', encodeFrame({ type: FRAME_TYPES.REQUEST, requestId: 1 }, HELLO)],
    ])('is refused when it %s', async (_, frame) => {
      await start();
      using other = await TcpTestClient.open(server.port, { hello: false });
      other.socket.write(Buffer.concat([PREAMBLE, frame]));
      expect(await other.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
      await other.closed;
    });

    it('need not be waited for', async () => {
      await start();
      using other = await TcpTestClient.open(server.port, { hello: false });
      other.hello();
      const request = other.request(EXISTS, keyList(['a', 'b']));
      expect((await other.reply(request)).header).toEqual(Buffer.from([0, 0]));
      expect(other.frames[0]?.prefix.type).toBe(FRAME_TYPES.HELLO);
    });
  });

  describe('keys', () => {
    beforeEach(() => withSlowTier());

    it('are stored, found in their tier, read and deleted', async () => {
      const bytes = chunkBytes(3 * MIB + 7);
      expect(await client.put('a', bytes)).toEqual({ outcome: 'stored', tiers: 1, checksum: crc32c(bytes) });
      await server.engine.settled();
      expect(await client.flags(EXISTS, ['a', 'b'])).toEqual([1, 0]);
      const [found, missing] = await client.get('a', 'b');
      expectBytes(found!, bytes);
      expect(missing).toBeUndefined();
      await server.stack.tiers[0]!.backend.remove(ChunkKey.of('a'));
      expect(await client.flags(EXISTS, ['a'])).toEqual([2]);
      expect(await client.flags(DELETE, ['a', 'b'])).toEqual([1, 0]);
      expect(await client.get('a')).toEqual([undefined]);
    });

    it('are found on their way to a tier, too', async () => {
      slow!.hold();
      await client.put('a', chunkBytes(100));
      await server.stack.tiers[0]!.backend.remove(ChunkKey.of('a'));
      expect(await client.flags(EXISTS, ['a', 'b'])).toEqual([255, 0]);
    });

    it('mean the same as at other doors: bytes and namespace', async () => {
      const key = Buffer.from([0, 255, 10, 13]);
      const put = putList([{ key: 'a', lengthBytes: 3 }], { namespace: 4 });
      await client.reply(client.request(PUT, put, { body: Buffer.from('abc') }));
      expect(await get(server, ChunkKey.of('a', 4))).toEqual(Buffer.from('abc'));
      expect(await client.flags(EXISTS, ['a'])).toEqual([0]);
      expect(await client.flags(EXISTS, ['a'], 0, 4)).toEqual([1]);
      expect(await client.flags(EXISTS, [key], 0, 2 ** 31 - 1)).toEqual([0]);
    });

    it('are pinned, and unpinned as often', async () => {
      await client.put('a', chunkBytes(5000));
      expect(await client.flags(PIN, ['a', 'b'], 60_000)).toEqual([1, 0]);
      expect(await client.flags(PIN, ['a'], 2 ** 32 - 1)).toEqual([1]);
      expect(server.engine.status().tiers[0]?.pinnedBytes).toBeGreaterThan(5000);
      expect(await client.flags(UNPIN, ['a', 'b'])).toEqual([1, 0]);
      expect(await client.flags(UNPIN, ['a'])).toEqual([1]);
      expect(server.engine.status().tiers[0]?.pinnedBytes).toBe(0);
    });

    it('are leased where that is asked for', async () => {
      await client.put('a', chunkBytes(5000));
      await client.flags(EXISTS, ['a']);
      expect(server.engine.status().tiers[0]?.leasedBytes).toBe(0);
      await client.flags(EXISTS, ['a'], 1);
      expect(server.engine.status().tiers[0]?.leasedBytes).toBeGreaterThan(5000);
      await client.get('a');
      expect(server.engine.status().tiers[0]?.leasedBytes).toBe(0);
    });

    it('may be thousands at a time, and none', async () => {
      const keys = Array.from({ length: 10_000 }, (_, i) => `key-${i}`);
      await client.put('key-9999', chunkBytes(1));
      expect((await client.flags(EXISTS, keys)).indexOf(1)).toBe(9999);
      expect(await client.flags(EXISTS, [])).toEqual([]);
      expect(await client.flags(DELETE, [])).toEqual([]);
    });
  });

  describe('values', () => {
    it('are read in the order of their keys, each with what was stored beside it', async () => {
      await start();
      const lengths = [0, 1, 4096, 4097, MIB, 100];
      for (const length of lengths)
        await client.put(`${length}`, chunkBytes(length, length), { metadata: Buffer.from(`m${length}`) });
      const keys = ['none', ...lengths.map(String), 'none'];
      const replies = await client.replies(client.request(GET, keyList(keys)));
      expect(replies.map(({ prefix }) => prefix.flags)).toEqual([...Array<number>(7).fill(0), FLAG_END]);
      const answers = replies.map(({ header }) => readGetAnswer(header));
      expect(answers.map(({ found }) => found)).toEqual([false, ...lengths.map(() => true), false]);
      lengths.forEach((length, i) => {
        expectBytes(replies[i + 1]!.body, chunkBytes(length, length));
        expect(answers[i + 1]!.checksum).toBe(crc32c(chunkBytes(length, length)));
        expect(answers[i + 1]!.metadata.toString()).toBe(`m${length}`);
      });
    });

    it('are put several at a time, each with an outcome of its own', async () => {
      await start({ limits: { maxValueBytes: 100_000 } });
      await client.put('there', Buffer.from('old'));
      const values = { first: 5, tooLarge: 100_001, there: 3, wrong: 50_000, empty: 0, right: 100_000 };
      const entries = Object.entries(values).map(([key, lengthBytes]) => ({
        key,
        lengthBytes,
        checksum: key === 'wrong' ? 1 : crc32c(chunkBytes(lengthBytes, lengthBytes)),
      }));
      const body = Buffer.concat(Object.values(values).map((length) => chunkBytes(length, length)));
      const reply = await client.reply(
        client.request(PUT, putList(entries, { onlyIfAbsent: true }), { body }),
      );
      expect(reply.prefix.flags).toBe(FLAG_END);
      expect(readPutAnswers(reply.header).map(({ outcome }) => outcome)).toEqual([
        'stored',
        'too-large',
        'exists',
        'checksum',
        'stored',
        'stored',
      ]);
      const [first, tooLarge, there, wrong, empty, right] = await client.get(...Object.keys(values));
      expectBytes(first!, chunkBytes(5, 5));
      expect([tooLarge, wrong]).toEqual([undefined, undefined]);
      expect(there).toEqual(Buffer.from('old'));
      expect(empty).toEqual(Buffer.alloc(0));
      expectBytes(right!, chunkBytes(100_000, 100_000));
      for (const reason of ['too_large', 'exists', 'checksum'])
        expect(server.counter(`dropped_${reason}`)).toBe(1);
    });

    it('that find no room are read and answered so', async () => {
      await start({ arenaBytes: 4 * MIB });
      const { outcome } = await client.put('a', Buffer.alloc(6 * MIB));
      expect(outcome).toBe('too-large');
      expect((await client.put('b', chunkBytes(MIB))).outcome).toBe('stored');
    });

    it('are told to be in all tiers when all have answered', async () => {
      await withSlowTier();
      slow!.hold();
      const put = putList([{ key: 'a', lengthBytes: 3 }], { ack: 'all' });
      const waiting = client.request(PUT, put, { body: Buffer.from('abc') });
      expect(await client.flags(EXISTS, ['a'])).toEqual([1]);
      slow!.release();
      const [answer] = readPutAnswers((await client.reply(waiting)).header);
      expect(answer).toMatchObject({ outcome: 'stored', tiers: 0b11 });
    });

    it('expire', async () => {
      await start();
      await client.put('a', chunkBytes(10), { ttlMs: 60_000 });
      const expiresAtMs = await server.engine.expiresAtMs(ChunkKey.of('a'));
      expect(expiresAtMs).toBeGreaterThan(Date.now() + 50_000);
      expect(expiresAtMs).toBeLessThanOrEqual(Date.now() + 60_000);
    });

    it('of 32 MiB come back as they were, wherever they were cut', async () => {
      await start({ arenaBytes: 80 * MIB });
      const bytes = chunkBytes(32 * MIB - 13);
      expect((await client.put('a', bytes)).outcome).toBe('stored');
      const [found] = await client.get('a');
      expect(createHash('sha1').update(found!).digest('hex')).toBe(
        createHash('sha1').update(bytes).digest('hex'),
      );
    });
  });

  describe('tokens', () => {
    const tokens = Uint32Array.from({ length: 600 }, (_, i) => i * 7);
    const tokenBytes = Buffer.from(tokens.buffer);
    const header = { model: 'm', tokens: 600 };
    const chunks = [chunkBytes(300_000, 1), chunkBytes(5, 2)];

    function ask(pattern: number, fields: object = {}, rest = Buffer.alloc(0)): number {
      const body = Buffer.concat([tokenBytes, rest]);
      return client.request(pattern, Buffer.from(JSON.stringify({ ...header, ...fields })), { body });
    }

    function store(): number {
      const entries = [
        { index: 1, length: 5, checksum: crc32c(chunks[1]!).toString(16).padStart(8, '0') },
        { index: 0, length: 300_000, metadata: Buffer.from('meta').toString('base64') },
      ];
      return ask(STORE, { chunks: entries }, Buffer.concat([chunks[1]!, chunks[0]!]));
    }

    beforeEach(() => start());

    it('store, look up and retrieve the chunks of a prefix', async () => {
      expect(await client.json(ask(LOOKUP))).toEqual({ hit_tokens: 0, chunks: [] });
      const stored = await client.json(store());
      expect(stored).toMatchObject({
        chunks: [
          { index: 1, start_token: 256, tokens: 256, stored: true, tiers: ['memory'] },
          { index: 0, start_token: 0, tokens: 256, stored: true },
        ],
      });
      const found = await client.json(ask(LOOKUP));
      expect(found).toMatchObject({ hit_tokens: 512, chunks: [{ index: 0, tier: 'memory' }, { index: 1 }] });
      const replies = await client.replies(ask(RETRIEVE));
      expect(replies.map(({ body }) => body.length)).toEqual([300_000, 5, 0]);
      expectBytes(replies[0]!.body, chunks[0]!);
      expectBytes(replies[1]!.body, chunks[1]!);
      expect(json(replies[0]!)).toMatchObject({
        index: 0,
        start_token: 0,
        tokens: 256,
        checksum: crc32c(chunks[0]!).toString(16).padStart(8, '0'),
        metadata: Buffer.from('meta').toString('base64'),
      });
      expect(json(replies[2]!)).toEqual({ hit_tokens: 512, chunks: 2 });
    });

    it('pin what they find', async () => {
      await client.json(store());
      await client.json(ask(LOOKUP, { pin_ms: 60_000 }));
      expect(server.engine.status().tiers[0]?.pinnedBytes).toBeGreaterThan(300_000);
    });

    it('name the chunks that the engine names for the same model, rank and tenant', async () => {
      const identity = { world_size: 2, worker_id: 1, cache_salt: 'bob' };
      const answer = await client.json(
        ask(STORE, { ...identity, chunks: [{ index: 0, length: 1 }] }, Buffer.alloc(1)),
      );
      const [chunk] = server.engine.chunks({
        model: 'm',
        tokens,
        worldSize: 2,
        workerId: 1,
        cacheSalt: 'bob',
      });
      expect(answer).toMatchObject({ chunks: [{ key: chunk!.key.toString() }] });
    });

    it('refuse fields that are wrong, all of them at once, and drop the chunks', async () => {
      const bad = { model: 7, world_size: 0, ack: 'some', chunks: [{ index: 9, length: 3, checksum: 'x' }] };
      const problems = (await client.error(ask(STORE, bad, Buffer.alloc(3))))['details'] as {
        readonly problems: readonly { readonly path: string }[];
      };
      expect(problems.problems.map(({ path }) => path).sort()).toEqual([
        'ack',
        'chunks[0].checksum',
        'model',
        'world_size',
      ]);
      const error = await client.error(ask(STORE, { chunks: [{ index: 9, length: 3 }] }, Buffer.alloc(3)));
      expect(error).toMatchObject({ code: 'KV_INPUT_INVALID', message: expect.stringContaining('0 to 1') });
      expect(await client.error(ask(LOOKUP, { cache_salt: 'a@b' }))).toMatchObject({ code: 'KV_INPUT_SALT' });
      expect(await client.json(ask(LOOKUP))).toMatchObject({ hit_tokens: 0 });
    });

    it('are stored with a prompt that is hashed in turns', async () => {
      const many = Uint32Array.from({ length: 200_000 }, (_, i) => i);
      const entries = [
        { index: 700, length: 5 },
        { index: 0, length: 300_000 },
      ];
      const fields = { model: 'm', tokens: many.length, chunks: entries };
      const body = Buffer.concat([Buffer.from(many.buffer), chunks[1]!, chunks[0]!]);
      const ask = (asked: object): number =>
        client.request(STORE, Buffer.from(JSON.stringify(asked)), { body });
      // The one behind it waits for nothing but its turn.
      const asked = [ask(fields), ask(fields)];
      const places = server.engine.chunks({ model: 'm', tokens: many });
      for (const id of asked) {
        expect(await client.json(id)).toMatchObject({
          chunks: entries.map(({ index }) => ({ index, key: String(places[index]!.key), stored: true })),
        });
      }
      expectBytes((await get(server, places[700]!.key))!, chunks[1]!);
      expectBytes((await get(server, places[0]!.key))!, chunks[0]!);
      const beyond = { ...fields, chunks: [{ index: 781, length: 300_005 }] };
      expect(await client.error(ask(beyond))).toMatchObject({ message: expect.stringContaining('0 to 780') });
    });

    it('may be millions', async () => {
      const body = Buffer.alloc(4 * MIB * 4);
      const request = Buffer.from(JSON.stringify({ model: 'm', tokens: 4 * MIB }));
      expect(await client.json(client.request(LOOKUP, request, { body }))).toEqual({
        hit_tokens: 0,
        chunks: [],
      });
      const more = Buffer.from(JSON.stringify({ model: 'm', tokens: 4 * MIB + 1 }));
      client.request(LOOKUP, more, { bodyBytes: 4 * (4 * MIB + 1) });
      expect(await client.error(0)).toMatchObject({ code: 'KV_TCP_FRAME' });
    });
  });
});
