import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, type ConnectOptions, type KvnestClient } from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { SeededRandom } from '../support/seeded-random.js';
import { createTestTcpDoor, type TestTcpDoor } from '../support/tcp-door.js';

const MIB = 1024 * 1024;
const CHUNKS = 24;
/** Of calls that are taken back at once. */
const BATCHES = process.env['KVNEST_SOAK'] === undefined ? 12 : 300;
const TOKENS = Uint32Array.from({ length: 4 * CHUNKS }, (_, i) => i);

describe('what is taken back, and what is taken slowly', () => {
  let door: TestTcpDoor;
  let client: KvnestClient;

  beforeEach(async () => {
    door = await createTestTcpDoor({
      arenaBytes: 96 * MIB,
      config: { chunkTokens: 4, maxPendingBytes: 96 * MIB },
      limits: { heartbeatMs: 200 },
    });
    client = await open();
  });

  afterEach(async () => {
    await client.close();
    await door.close();
  });

  function open(options: ConnectOptions = {}): Promise<KvnestClient> {
    return connect(`kvnest://127.0.0.1:${door.port}?model=demo`, options);
  }

  async function storePrefix(chunkBytes: number): Promise<void> {
    for (let index = 0; index < CHUNKS; index++)
      await client.store(TOKENS, [{ index, bytes: Buffer.alloc(chunkBytes, index) }]);
  }

  it('a consumer who takes his time has few chunks wait for him, and the connection lives on', async () => {
    await storePrefix(2 * MIB);
    const before = bytesOut(door);
    const chunks = client.retrieve(TOKENS)[Symbol.asyncIterator]();
    await chunks.next();
    // Heartbeats are due meanwhile, and all is sent that is going to be.
    await new Promise((resolve) => setTimeout(resolve, 800));
    const readAhead = bytesOut(door) - before;
    expect(readAhead).toBeLessThan((CHUNKS / 2) * 2 * MIB);
    let count = 1;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      expect(Buffer.alloc(2 * MIB, count).equals(next.value.bytes)).toBe(true);
      count++;
    }
    expect(count).toBe(CHUNKS);
  });

  it('chunks that are asked for at once come in order, and behind them the end', async () => {
    await storePrefix(1000);
    const chunks = client.retrieve(TOKENS)[Symbol.asyncIterator]();
    const answers = await Promise.all(Array.from({ length: CHUNKS + 2 }, () => chunks.next()));
    expect(answers.map(({ value }) => value?.index)).toEqual([
      ...Array.from({ length: CHUNKS }, (_, index) => index),
      undefined,
      undefined,
    ]);
  });

  it('each chunk that is waited for has its time, and an error comes once', async () => {
    await storePrefix(1000);
    const few = await open({ connections: { streams: 1 } });
    const slow = few.retrieve(TOKENS)[Symbol.asyncIterator]();
    await slow.next();
    const waiting = few.retrieve(TOKENS, { timeoutMs: 20 })[Symbol.asyncIterator]();
    const [first, second] = await Promise.allSettled([waiting.next(), waiting.next()]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'KV_CLIENT_TIMEOUT' } });
    expect(second).toEqual({ status: 'fulfilled', value: { done: true, value: undefined } });
    await slow.return?.();
    await few.close();
  });

  it('one that was left before it began asks for nothing', async () => {
    await storePrefix(1000);
    // What it asked for would come in front of the next.
    const few = await open({ connections: { streams: 1 } });
    const before = commands(door);
    const left = few.retrieve(TOKENS)[Symbol.asyncIterator]();
    await left.return?.();
    expect(await left.next()).toEqual({ done: true, value: undefined });
    expect((await few.retrieve(TOKENS)[Symbol.asyncIterator]().next()).value?.index).toBe(0);
    expect(commands(door) - before).toBe(1);
    await few.close();
  });

  it('a slow consumer keeps nobody else waiting', async () => {
    await storePrefix(2 * MIB);
    const slow = client.retrieve(TOKENS)[Symbol.asyncIterator]();
    await slow.next();
    let count = 0;
    for await (const { bytes } of client.retrieve(TOKENS)) count += bytes.length === 2 * MIB ? 1 : 0;
    expect(count).toBe(CHUNKS);
    expect(await client.exists(['key'])).toEqual([false]);
    await slow.return?.();
  });

  it('a connection serves one prefix after the other', async () => {
    await storePrefix(1000);
    const { connections } = door.door.doorStatus();
    for (let i = 0; i < 4; i++)
      for await (const chunk of client.retrieve(TOKENS)) expect(chunk.index).toBeLessThan(CHUNKS);
    expect(door.door.doorStatus().connections).toBe(connections + 1);
    expect(door.counter('connections')).toBe(connections + 1);
  });

  it('prefixes beyond the connections for them wait for their turn', async () => {
    await storePrefix(1000);
    const few = await open({ connections: { streams: 2 } });
    const slow = [0, 1].map(() => few.retrieve(TOKENS)[Symbol.asyncIterator]());
    await Promise.all(slow.map((chunks) => chunks.next()));
    const waiting = few.retrieve(TOKENS)[Symbol.asyncIterator]();
    const first = waiting.next();
    await expect(
      few.retrieve(TOKENS, { timeoutMs: 10 })[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({
      code: 'KV_CLIENT_TIMEOUT',
    });
    await slow[0]!.return?.();
    expect((await first).value?.bytes).toEqual(Buffer.alloc(1000, 0));
    await few.close();
  });

  it('a loop that is left cancels at the server, and the next one is not disturbed', async () => {
    await storePrefix(2 * MIB);
    for (let round = 0; round < 5; round++) {
      for await (const chunk of client.retrieve(TOKENS)) if (chunk.index === round) break;
    }
    let last = -1;
    for await (const { index, bytes } of client.retrieve(TOKENS)) {
      expect(Buffer.alloc(2 * MIB, index).equals(bytes)).toBe(true);
      last = index;
    }
    expect(last).toBe(CHUNKS - 1);
    await expectEventually(() => door.references() === 0);
  });

  it('an Observable that is unsubscribed cancels, too', async () => {
    await storePrefix(2 * MIB);
    const chunks$ = client.retrieve(TOKENS).asObservable();
    await new Promise<void>((resolve) => {
      const subscription = chunks$.subscribe(() => {
        resolve();
        queueMicrotask(() => subscription.unsubscribe());
      });
    });
    await expectEventually(() => door.references() === 0 && door.counter('cancelled') > 0);
  });

  it('a signal ends calls with its reason, whatever they were about, and leaves nothing', async () => {
    const random = new SeededRandom(17);
    const value = random.bytes(64_000);
    const large = Buffer.concat(Array.from({ length: 64 }, () => value));
    await client.putMany([
      { key: 'small', bytes: value },
      { key: 'large', bytes: large },
    ]);
    await storePrefix(100_000);
    const calls: readonly ((signal: AbortSignal, i: number) => Promise<unknown>)[] = [
      (signal) => client.get('large', { signal }),
      (signal, i) => client.put(`put-${i % 5}`, large, { signal }),
      (signal) => client.getMany(['large', 'small', 'large'], { signal }),
      (signal) => client.exists(['small', 'large'], { signal }),
      (signal) => client.lookup(TOKENS, { signal }),
      async (signal) => {
        for await (const { bytes } of client.retrieve(TOKENS, { signal }))
          expect(bytes).toHaveLength(100_000);
      },
    ];
    let aborted = 0;
    const one = async (i: number): Promise<void> => {
      const controller = new AbortController();
      const reason = new Error(`reason ${i}`);
      const running = calls[i % calls.length]!(controller.signal, i);
      const turns = random.below(12);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      controller.abort(reason);
      await running.catch((error: unknown) => {
        aborted++;
        expect(error).toBe(reason);
      });
    };
    for (let batch = 0; batch < BATCHES; batch++)
      await Promise.all(Array.from({ length: 12 }, (_, i) => one(batch * 12 + i)));
    expect(aborted).toBeGreaterThan(1.5 * BATCHES);
    expect(large.equals((await client.get('large'))!)).toBe(true);
    await expectEventually(() => door.references() === 0);
    await client.close();
    await expectEventually(() => door.door.doorStatus().connections === 0);
  });

  it('nothing is written to the buffer of a caller who has given up', async () => {
    const large = Buffer.alloc(8 * MIB, 1);
    await client.put('large', large);
    let aborted = 0;
    for (let turns = 0; turns < 12; turns++) {
      const controller = new AbortController();
      const into = Buffer.alloc(large.length);
      const running = client.get('large', { into, signal: controller.signal });
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      const gaveUp = await running.then(
        () => false,
        () => true,
      );
      if (!gaveUp) continue;
      aborted++;
      into.fill(9);
      expect(large.equals((await client.get('large'))!)).toBe(true);
      expect(into.every((byte) => byte === 9)).toBe(true);
    }
    expect(aborted).toBeGreaterThan(0);
  });

  it('a put that was taken back stores nothing, or what it was given', async () => {
    for (let turns = 0; turns < 5; turns++) {
      const controller = new AbortController();
      const bytes = Buffer.alloc(16 * MIB, turns + 1);
      const running = client.put(`key-${turns}`, bytes, { signal: controller.signal });
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await running.catch(() => undefined);
      bytes.fill(99);
    }
    // What was under way on any connection is through when these are answered.
    await Promise.all([0, 1, 2, 3].map((i) => client.put(`last-${i}`, Buffer.alloc(MIB))));
    for (let turns = 0; turns < 5; turns++) {
      const value = await client.get(`key-${turns}`);
      if (value !== undefined) expect(Buffer.alloc(16 * MIB, turns + 1).equals(value)).toBe(true);
    }
  });

  it('a signal that has fired already ends a call before it is sent', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(client.get('key', { signal })).rejects.toThrow('too late');
    await expect(open({ signal })).rejects.toThrow('too late');
    expect(door.counter('cancelled')).toBe(0);
  });
});

function bytesOut(door: TestTcpDoor): number {
  return door.counter('bytes_out');
}

function commands(door: TestTcpDoor): number {
  return door.counter('commands');
}
