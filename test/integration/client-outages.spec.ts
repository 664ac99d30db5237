import { createServer } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type KvnestClient } from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';
import { TcpProcess } from '../support/tcp-process.js';

const UNAVAILABLE = { code: 'KV_CLIENT_UNAVAILABLE' };
/** Quick to give up, and to come back. */
const QUICK = { unresponsiveMs: 1000, connectTimeoutMs: 2000, reconnect: { minMs: 5, maxMs: 50 } };

/** What every version of a key's value looks like: it says which it is, all over. */
function valueOf(key: string, version: number, length: number): Buffer {
  return Buffer.alloc(length, `${key}:${version};`);
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

describe('a client whose server', () => {
  let server: TcpProcess;

  beforeAll(async () => {
    server = await TcpProcess.start();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('is killed and started again goes on, and every byte that it is answered is right', async () => {
    await using client = await connect(server.url, { ...QUICK, onUnavailable: 'miss' });
    const latest = new Map<string, number>();
    let hits = 0;
    let isOver = false;
    const work = async (worker: number): Promise<void> => {
      const random = new SeededRandom(worker);
      for (let version = 1; !isOver; version++) {
        const key = `worker-${worker}-${random.below(4)}`;
        const length = 1 + random.below(300_000);
        const put = await client.put(key, valueOf(key, version, length));
        if (put.stored) latest.set(key, version);
        const value = await client.get(key);
        if (value !== undefined) {
          const said = /:(\d+);/.exec(Buffer.from(value.subarray(0, 64)).toString());
          const answered = said === null ? version : Number(said[1]);
          expect(answered).toBeGreaterThanOrEqual(latest.get(key) ?? 0);
          expect(valueOf(key, answered, value.length).equals(value)).toBe(true);
          hits++;
        }
        // An outage answers at once: others must have their turn.
        if (!put.stored) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const workers = [1, 2, 3, 4, 5, 6].map(work);
    try {
      await expectEventually(() => hits > 100);
      await server.process.kill();
      await expectEventually(async () => !(await client.put('probe', Buffer.from('x'))).stored);
      await server.restart();
      latest.clear();
      hits = 0;
      await expectEventually(() => hits > 100);
    } finally {
      isOver = true;
      await Promise.all(workers);
    }
  });

  it('is killed hears of it at once, and calls are errors where they are to be', async () => {
    await using client = await connect(server.url, QUICK);
    await server.process.kill();
    try {
      await expectEventually(async () => (await codeOf(client.get('key'))) === UNAVAILABLE.code);
      await expect(client.put('key', Buffer.from('x'))).rejects.toMatchObject(UNAVAILABLE);
      await expect(client.exists(['key'])).rejects.toMatchObject(UNAVAILABLE);
      await expect(client.retrieve([1], { model: 'm' })[Symbol.asyncIterator]().next()).rejects.toMatchObject(
        UNAVAILABLE,
      );
      expect([...(await client.status()).values()]).toEqual([undefined]);
    } finally {
      await server.restart();
    }
    await expectEventually(async () => (await codeOf(client.get('key'))) === undefined);
  });

  it('stands still gets an end of every call in bounded time, and of the next at once', async () => {
    // What waited for a connection would wait for ever: the kernel accepts it, and nobody says hello.
    await using client = await connect(server.url, { ...QUICK, connectTimeoutMs: 600_000 });
    await client.put('key', Buffer.alloc(100_000));
    server.process.freeze();
    try {
      const calls = [
        client.get('key'),
        client.put('key', Buffer.alloc(50_000_000)),
        client.exists(['key']),
        client.retrieve([1], { model: 'm' })[Symbol.asyncIterator]().next(),
      ];
      const ended = await Promise.all(calls.map(codeOf));
      expect(ended).toEqual(calls.map(() => UNAVAILABLE.code));
      // Without a timer: it is known that nobody answers.
      expect(await codeOf(client.exists(['key'], { timeoutMs: 0 }))).toBe(UNAVAILABLE.code);
    } finally {
      server.process.thaw();
    }
    await expectEventually(async () => (await codeOf(client.get('key'))) === undefined);
  });

  it('does not answer in time', async () => {
    await using client = await connect(server.url, { unresponsiveMs: 60_000 });
    await client.exists(['key']);
    server.process.freeze();
    try {
      const calls = [
        client.get('key', { timeoutMs: 30 }),
        client.put('key', Buffer.alloc(50_000_000), { timeoutMs: 20 }),
        client.exists(['key'], { timeoutMs: 10 }),
        client.retrieve([1], { model: 'm', timeoutMs: 10 })[Symbol.asyncIterator]().next(),
      ];
      expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'KV_CLIENT_TIMEOUT'));
    } finally {
      server.process.thaw();
    }
    expect(await client.exists(['key'])).toHaveLength(1);
  });

  it('cannot be reached is told so when it connects, or goes on trying', async () => {
    const url = `kvnest://secret-token@127.0.0.1:${await deadPort()}`;
    const error = await connect(url).catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject(UNAVAILABLE);
    expect(inspect(error)).not.toContain('secret-token');
    await using client = await connect(url, { onUnavailable: 'miss' });
    expect(await client.get('key')).toBeUndefined();
    expect(await client.put('key', Buffer.from('x'))).toEqual({ stored: false, reason: 'unavailable' });
  });

  it('among several is dead, or stands still, costs misses and no errors', async () => {
    await using frozen = await TcpProcess.start();
    const names = [server.address, `127.0.0.1:${await deadPort()}`, frozen.address];
    await using client = await connect(`kvnest://${names.join(',')}`, QUICK);
    const keys = Array.from({ length: 120 }, (_, i) => `key-${i}`);
    const puts = await client.putMany(keys.map((key) => ({ key, bytes: Buffer.from(key) })));
    const stored = puts.filter(({ stored }) => stored).length;
    expect(stored).toBeGreaterThan(50);
    expect(puts.filter((put) => !put.stored)).toEqual(
      Array.from({ length: keys.length - stored }, () => ({ stored: false, reason: 'unavailable' })),
    );
    frozen.process.freeze();
    const found = await client.exists(keys);
    const values = await client.getMany(keys);
    const alive = found.filter(Boolean).length;
    expect(alive).toBeGreaterThan(20);
    expect(alive).toBeLessThan(stored);
    expect(values.map((value) => value?.bytes.toString())).toEqual(
      keys.map((key, i) => (found[i] ? key : undefined)),
    );
    const prefixes = await Promise.all(keys.map((_, i) => tokensAnswer(client, i)));
    expect(new Set(prefixes)).toEqual(new Set(['stored', 'unavailable']));
    expect([...(await client.status()).values()].map((status) => status !== undefined)).toEqual([
      true,
      false,
      false,
    ]);
    expect(await client.clear()).toBeGreaterThan(20);
  });
});

/** Stores a chunk of its own prefix, and looks it up and retrieves it where that worked. */
async function tokensAnswer(client: KvnestClient, i: number): Promise<string> {
  const tokens = Uint32Array.from({ length: 256 }, () => i);
  const options = { model: 'm' };
  const [answer] = await client.store(tokens, [{ index: 0, bytes: Buffer.from(`chunk ${i}`) }], options);
  const { hitTokens } = await client.lookup(tokens, options);
  const chunks: string[] = [];
  for await (const { bytes } of client.retrieve(tokens, options)) chunks.push(bytes.toString());
  expect(hitTokens).toBe(answer!.stored ? 256 : 0);
  expect(chunks).toEqual(answer!.stored ? [`chunk ${i}`] : []);
  return answer!.stored ? 'stored' : answer!.reason;
}

async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return (error as { readonly code?: string }).code;
  }
}
