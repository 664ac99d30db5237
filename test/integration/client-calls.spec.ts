import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { connect, type KvnestClient, type RetrievedChunk } from '../../src/client/index.js';
import { crc32c } from '../../src/common/crc32c.js';
import { expectEventually } from '../support/eventually.js';
import { MessageServer, TEST_LIMITS } from '../support/message-server.js';
import { SeededRandom } from '../support/seeded-random.js';

/** Chunks of the server have four tokens. */
const TOKENS = Uint32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const MIB = 1024 * 1024;

describe('kvnest/client', () => {
  const random = new SeededRandom(6);
  let server: MessageServer;
  let client: KvnestClient;
  let url: string;

  beforeAll(async () => {
    server = await MessageServer.start();
    url = `kvnest://127.0.0.1:${server.port('tcp')}`;
    client = await connect(`${url}?model=demo`, { verify: true });
  });

  afterAll(async () => {
    await client.close();
    await server.close();
  });

  beforeEach(async () => {
    await client.clear();
  });

  it.each([0, 1, 4096, 4097, 65_536, MIB - 1])('gives back %d bytes as they were put', async (length) => {
    const bytes = random.bytes(length);
    const checksum = crc32c(bytes);
    const put = await client.put('key', bytes, { checksum });
    expect(put).toEqual({ stored: true, tiers: ['memory'], checksum });
    expect(Buffer.from((await client.get('key'))!)).toEqual(bytes);
  });

  it('puts a value in parts, under a key of bytes', async () => {
    const key = Uint8Array.of(255, 0, 13, 10);
    const parts = [random.bytes(5000), Buffer.alloc(0), random.bytes(90_000), random.bytes(1)];
    await client.put(key, parts);
    expect(Buffer.concat(parts).equals((await client.get(key))!)).toBe(true);
  });

  it('reads into a buffer of the caller, and touches nothing behind the value', async () => {
    const bytes = random.bytes(200_000);
    await client.put('key', bytes);
    const into = Buffer.alloc(300_000, 7);
    const value = await client.get('key', { into });
    expect(value?.buffer).toBe(into.buffer);
    expect(into.subarray(0, 200_000).equals(bytes)).toBe(true);
    expect(into.subarray(200_000).equals(Buffer.alloc(100_000, 7))).toBe(true);
  });

  it('says that a buffer is too short, and goes on', async () => {
    await client.put('key', random.bytes(200_000));
    const into = Buffer.alloc(1000, 7);
    await expect(client.get('key', { into })).rejects.toMatchObject({
      code: 'KV_CLIENT_BUFFER',
      details: { valueBytes: 200_000, bufferBytes: 1000 },
    });
    expect(into.equals(Buffer.alloc(1000, 7))).toBe(true);
    expect(await client.get('key')).toHaveLength(200_000);
  });

  it('what is not there is undefined, false, or an empty answer', async () => {
    expect(await client.get('nothing')).toBeUndefined();
    expect(await client.getMany(['nothing'])).toEqual([undefined]);
    expect(await client.exists(['nothing'], { lease: true })).toEqual([false]);
    expect(await client.delete(['nothing'])).toEqual([false]);
    expect(await client.pin(['nothing'])).toEqual([false]);
    expect(await client.unpin(['nothing'])).toEqual([false]);
    expect(await client.lookup(TOKENS)).toEqual({ hitTokens: 0, chunks: [] });
    expect(await toList(client.retrieve(TOKENS))).toEqual([]);
    expect(await client.exists([])).toEqual([]);
  });

  it('many values at once, in order, with metadata and checksums', async () => {
    const items = Array.from({ length: 40 }, (_, i) => ({
      key: `key-${i}`,
      bytes: random.bytes(i * 1000),
      metadata: Buffer.from(`m${i}`),
    }));
    const puts = await client.putMany(items, { ack: 'all' });
    expect(puts.every(({ stored }) => stored)).toBe(true);
    const values = await client.getMany(['nothing', ...items.map(({ key }) => key)]);
    expect(values.map((value) => value?.metadata.toString())).toEqual([
      undefined,
      ...items.map((_, i) => `m${i}`),
    ]);
    expect(values.map((value) => value?.checksum)).toEqual([
      undefined,
      ...items.map(({ bytes }) => crc32c(bytes)),
    ]);
    expect(items.every(({ bytes }, i) => bytes.equals(values[i + 1]!.bytes))).toBe(true);
    expect(await client.exists(['key-3', 'nothing', 'key-7'])).toEqual([true, false, true]);
    expect(await client.delete(['key-3', 'nothing'])).toEqual([true, false]);
  });

  it('splits what is more than one request may be', async () => {
    const keys = Array.from({ length: 12_000 }, (_, i) => `${'k'.repeat(200)}${i}`);
    await client.put(keys[11_999]!, Buffer.from('last'));
    await client.put(keys[0]!, Buffer.from('first'));
    const found = await client.exists(keys);
    expect(found).toHaveLength(12_000);
    expect(keys.filter((_, i) => found[i])).toEqual([keys[0], keys[11_999]]);
  });

  it('pins, and unpins once for each pin', async () => {
    await client.put('key', Buffer.from('x'));
    expect(await client.pin(['key'], { pinMs: 60_000 })).toEqual([true]);
    expect(await client.unpin(['key'])).toEqual([true]);
    expect(await client.unpin(['key'])).toEqual([false]);
  });

  it('keeps namespaces apart', async () => {
    await client.put('key', Buffer.from('zero'));
    await client.put('key', Buffer.from('one'), { namespace: 1 });
    expect(await client.get('key')).toEqual(Buffer.from('zero'));
    await using other = await connect(`${url}?namespace=1`);
    expect(await other.get('key')).toEqual(Buffer.from('one'));
    expect(await other.clear({ namespace: 1 })).toBe(1);
  });

  it('tells why a value was not stored', async () => {
    await client.put('key', Buffer.from('x'));
    expect(await client.put('key', Buffer.from('y'), { onlyIfAbsent: true })).toEqual({
      stored: false,
      reason: 'exists',
    });
    expect(await client.put('other', Buffer.from('y'), { checksum: 1 })).toEqual({
      stored: false,
      reason: 'checksum',
    });
    const tooLarge = { key: 'large', bytes: Buffer.alloc(TEST_LIMITS.maxValueBytes + 1) };
    const before = server.door('tcp').counters['bytes_in'] as number;
    const [first, large, last] = await client.putMany([
      { key: 'a', bytes: Buffer.from('a') },
      tooLarge,
      { key: 'b', bytes: Buffer.from('b') },
    ]);
    expect(large).toEqual({ stored: false, reason: 'too-large' });
    expect([first?.stored, last?.stored]).toEqual([true, true]);
    expect(server.door('tcp').counters['bytes_in']).toBeLessThan(before + TEST_LIMITS.maxValueBytes);
  });

  it('a value expires', async () => {
    await client.put('key', Buffer.from('x'), { ttlMs: 1 });
    await expectEventually(async () => (await client.get('key')) === undefined);
  });

  it('stores chunks of tokens and gives the prefix back', async () => {
    const bytes = [random.bytes(70_000), random.bytes(0), random.bytes(300)];
    const stored = await client.store(
      TOKENS,
      bytes.map((value, index) => ({
        index,
        bytes: [value.subarray(0, 10), value.subarray(10)],
        metadata: Buffer.from(`m${index}`),
        checksum: crc32c(value),
      })),
      { cacheSalt: 'tenant' },
    );
    expect(stored.map(({ startToken, tokens, stored }) => [startToken, tokens, stored])).toEqual([
      [0, 4, true],
      [4, 4, true],
      [8, 4, true],
    ]);
    const found = await client.lookup([...TOKENS, 13], { cacheSalt: 'tenant', pinMs: 1000 });
    expect(found.hitTokens).toBe(12);
    expect(found.chunks.map(({ key }) => key)).toEqual(stored.map(({ key }) => key));
    const chunks = await toList(client.retrieve(TOKENS, { cacheSalt: 'tenant' }));
    expect(chunks.map(({ bytes }) => bytes)).toEqual(bytes);
    expect(chunks.map(({ metadata }) => metadata.toString())).toEqual(['m0', 'm1', 'm2']);
    expect(chunks.map(({ checksum }) => checksum)).toEqual(bytes.map((value) => crc32c(value)));
    expect(await client.lookup(TOKENS)).toEqual({ hitTokens: 0, chunks: [] });
  });

  it('retrieves as an Observable, each time anew', async () => {
    await client.store(
      TOKENS,
      [0, 1].map((index) => ({ index, bytes: Buffer.from(`chunk ${index}`) })),
    );
    const chunks$ = client.retrieve(TOKENS).asObservable();
    expect(await lastValueFrom(chunks$.pipe(toArray()))).toHaveLength(2);
    expect((await firstValueFrom(chunks$)).bytes).toEqual(Buffer.from('chunk 0'));
  });

  it('tells what happens to chunks', async () => {
    const events = firstValueFrom(client.events('stored', 'hit').pipe(take(2), toArray()));
    // A subscription is under way when the call after it is answered.
    await client.status();
    await client.put('key', Buffer.from('abc'));
    await client.get('nothing');
    await client.get('key');
    expect(await events).toEqual([
      { type: 'stored', key: 'key', namespace: 0, tier: 'memory', bytes: 3 },
      { type: 'hit', key: 'key', namespace: 0, tier: 'memory', bytes: 3 },
    ]);
  });

  it('asks any pattern by its name', async () => {
    await client.put('key', Buffer.from('abc'));
    const answer = await lastValueFrom(client.send('kv.exists', { keys: ['key', 'nothing'] }));
    expect(answer).toEqual({ tiers: ['memory', null] });
    await expect(lastValueFrom(client.send('kv.no-such', {}))).rejects.toMatchObject({
      code: 'KV_TCP_PATTERN',
    });
    await expect(lastValueFrom(client.send('kv.exists', { keys: [] }))).rejects.toMatchObject({
      code: 'KV_INPUT_INVALID',
      kind: 'input',
    });
  });

  it('tells what each server says of itself', async () => {
    const [[name, status]] = [...(await client.status())] as [[string, object]];
    expect(name).toBe(`127.0.0.1:${server.port('tcp')}`);
    expect(status).toHaveProperty('tiers');
  });

  it('refuses what cannot be sent before anything is sent', async () => {
    const unnamed = await connect(url);
    await expect(client.get('')).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await expect(client.get('k'.repeat(4097))).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await expect(client.put('k', 'text' as never)).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await expect(client.put('k', Buffer.alloc(1), { metadata: Buffer.alloc(1025) })).rejects.toMatchObject({
      code: 'KV_CLIENT_INPUT',
    });
    await expect(client.put('k', Buffer.alloc(1), { metadata: 'text' as never })).rejects.toMatchObject({
      code: 'KV_CLIENT_INPUT',
    });
    for (const into of [new ArrayBuffer(9), new Uint16Array(9)])
      await expect(client.get('k', { into: into as never })).rejects.toMatchObject({
        code: 'KV_CLIENT_INPUT',
      });
    await expect(client.lookup([1n] as never)).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await expect(client.lookup([-1])).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await expect(client.get('k', { timeoutMs: -1 })).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await expect(unnamed.lookup(TOKENS)).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await expect(toList(unnamed.retrieve(TOKENS))).rejects.toMatchObject({ code: 'KV_CLIENT_INPUT' });
    await unnamed.close();
  });

  it('answers 200 mixed calls at a time, each with its own', async () => {
    const mixed = async (i: number): Promise<void> => {
      const key = `key-${i}`;
      const bytes = new SeededRandom(i).bytes(1 + ((i * 7919) % 60_000));
      const tokens = [i, i, i, i];
      expect((await client.put(key, bytes)).stored).toBe(true);
      await client.store(tokens, [{ index: 0, bytes }]);
      const [value, found, places, chunks] = await Promise.all([
        client.get(key),
        client.exists([key, `no-${i}`]),
        client.lookup(tokens),
        toList(client.retrieve(tokens)),
      ]);
      expect(bytes.equals(value!)).toBe(true);
      expect(found).toEqual([true, false]);
      expect(places.hitTokens).toBe(4);
      expect(bytes.equals(chunks[0]!.bytes)).toBe(true);
      expect(await client.delete([key])).toEqual([true]);
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => mixed(i)));
  });

  it('everything ends when it is closed', async () => {
    const other = await connect(`${url}?model=demo`);
    const events = lastValueFrom(other.events());
    const calls = [other.get('key'), other.exists(['key']), other.lookup(TOKENS), events];
    const ended = Promise.allSettled(calls);
    await other.close();
    await other.close();
    const codes = (await ended).map((result) => (result as PromiseRejectedResult).reason as { code: string });
    expect(codes.map(({ code }) => code)).toEqual(calls.map(() => 'KV_CLIENT_CLOSED'));
    await expect(other.get('key')).rejects.toMatchObject({ code: 'KV_CLIENT_CLOSED' });
    await expect(toList(other.retrieve(TOKENS))).rejects.toMatchObject({ code: 'KV_CLIENT_CLOSED' });
  });
});

async function toList(chunks: AsyncIterable<RetrievedChunk>): Promise<readonly RetrievedChunk[]> {
  const list: RetrievedChunk[] = [];
  for await (const chunk of chunks) list.push(chunk);
  return list;
}
