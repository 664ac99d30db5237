import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { IN_FLIGHT } from '../../src/modules/tiers/tier-search.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { batchOf } from '../contracts/chunks/batch-of.js';
import { ManualClock } from '../support/clock.js';
import { createTestEngine, get, put, type TestEngine, type TestEngineOptions } from '../support/engine.js';
import { ScriptedBackend } from '../support/scripted.backend.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('TierStack', () => {
  let test: TestEngine;
  let slow: ScriptedBackend;

  async function start(options: TestEngineOptions = {}): Promise<void> {
    test = await createTestEngine({
      tiers: (parts) => [(slow = new ScriptedBackend('slow', parts))],
      ...options,
    });
  }

  afterEach(async () => {
    slow.release();
    slow.throws = false;
    await test.engine.settled();
    expect(test.arena.usage().references).toBe(0);
    await test.close();
  });

  const key = (name: string): ChunkKey => ChunkKey.of(name);
  const bytes = (fill: number, length = 100 * KIB): Buffer => Buffer.alloc(length, fill);
  const flush = (name: string): void => {
    // What eviction from memory does, without filling it.
    void test.stack.tiers[0]?.backend.remove(key(name));
  };

  it('acknowledges a put when memory has it, and writes through behind', async () => {
    await start();
    slow.hold();
    expect(await put(test, key('a'), bytes(1))).toBe('stored');
    expect(slow.copies.size).toBe(0);
    slow.release();
    await test.engine.settled();
    expect(slow.copies.get(key('a').id)?.bytes.equals(bytes(1))).toBe(true);
  });

  it('asks no lower tier when a chunk expires that a higher one has', async () => {
    await start();
    await put(test, key('a'), bytes(1), { ack: 'all', expiresAtMs: Date.now() + 60_000 });
    slow.calls.splice(0);
    expect(await test.engine.expiresAtMs(key('a'))).toBeGreaterThan(Date.now());
    expect(slow.calls).toEqual([]);
    flush('a');
    expect(await test.engine.expiresAtMs(key('a'))).toBeGreaterThan(Date.now());
    expect(slow.calls).toEqual(['expiresAtMs a']);
  });

  it('waits for every tier with ack: all', async () => {
    await start();
    await put(test, key('a'), bytes(1), { ack: 'all' });
    expect(slow.copies.size).toBe(1);
  });

  it('shows a chunk that memory lost while the slow tier still stores it', async () => {
    await start();
    slow.hold();
    await put(test, key('a'), bytes(7));
    flush('a');
    expect(await test.engine.exists([key('a')])).toEqual([IN_FLIGHT]);
    expect(await get(test, key('a'))).toEqual(bytes(7));
  });

  it('locates a batch as it locates each key, and asks slow tiers only for what memory lacks', async () => {
    await start();
    for (const name of ['both', 'slow', 'old', 'short'])
      await put(test, key(name), bytes(1), {
        ack: 'all',
        ...(name === 'short' && { expiresAtMs: Date.now() + 60_000 }),
      });
    for (const name of ['slow', 'flying']) flush(name);
    slow.hold();
    await put(test, key('flying'), bytes(1));
    flush('flying');
    slow.calls.splice(0);
    const both = test.engine.existsBatch(batchOf([key('both'), key('old')]), { lease: true });
    expect(both).toEqual(Uint8Array.of(1, 1));
    const names = ['missing', 'both', 'slow', 'flying', 'slow'];
    const batch = batchOf(names.map(key));
    const answers = test.engine.existsBatch(batch);
    batch.reset(Buffer.alloc(0), 0);
    expect(await answers).toEqual(Uint8Array.of(0, 1, 2, 255, 2));
    expect(slow.calls.sort()).toEqual([
      'contains flying',
      'contains missing',
      'contains slow',
      'contains slow',
    ]);
    expect(await test.engine.existsBatch(batchOf([]))).toEqual(new Uint8Array(0));
  });

  it('does not find in a batch what has expired on its way to a slow tier', async () => {
    const clock = new ManualClock();
    await start({ clock });
    slow.hold();
    await put(test, key('a'), bytes(1), { expiresAtMs: clock.nowMs() + 100 });
    await put(test, key('b'), bytes(1));
    expect(await test.engine.existsBatch(batchOf([key('a'), key('b')]))).toEqual(Uint8Array.of(1, 1));
    clock.advance(200);
    const answers = test.engine.existsBatch(batchOf([key('a'), key('b')]));
    slow.release();
    expect(await answers).toEqual(Uint8Array.of(0, 1));
  });

  it('waits for room to read into while readers of other chunks have it all', async () => {
    await start({ arenaBytes: 2 * MIB });
    const names = ['a', 'b', 'c'];
    for (const name of names) await put(test, key(name), bytes(1, 800 * KIB), { ack: 'all' });
    const [first, second] = [await test.engine.get(key('c')), await test.engine.get(key('b'))];
    flush('a');
    const read = get(test, key('a'));
    const hasRead = jest.fn();
    void read.then(hasRead);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(hasRead).not.toHaveBeenCalled();
    first?.[Symbol.dispose]();
    second?.[Symbol.dispose]();
    expect(await read).toEqual(bytes(1, 800 * KIB));
    expect(test.engine.counters).toMatchObject({ gets: 3, hits: 3, busyReads: 0 });
  });

  it('lets a chunk expire that the slow tier still stores', async () => {
    const clock = new ManualClock();
    await start({ clock });
    slow.hold();
    await put(test, key('a'), bytes(1), { expiresAtMs: clock.nowMs() + 10 });
    await put(test, key('b'), bytes(1));
    flush('b');
    void test.engine.expire(key('b'), clock.nowMs() + 10);
    expect(await test.engine.exists([key('a'), key('b')])).toEqual(['memory', IN_FLIGHT]);
    clock.advance(10);
    expect(await test.engine.exists([key('a'), key('b')])).toEqual([undefined, undefined]);
  });

  it('reads from the slow tier and promotes to memory', async () => {
    await start();
    await put(test, key('a'), bytes(3), { ack: 'all' });
    flush('a');
    expect(await test.engine.exists([key('a')])).toEqual(['slow']);
    expect(await get(test, key('a'))).toEqual(bytes(3));
    expect(await test.engine.exists([key('a')])).toEqual(['memory']);
  });

  it('makes concurrent loads of one key one load, each reader with bytes of its own', async () => {
    await start();
    await put(test, key('a'), bytes(4), { ack: 'all' });
    flush('a');
    slow.hold();
    const reads = Array.from({ length: 10 }, () => get(test, key('a')));
    await new Promise(setImmediate);
    slow.release();
    for (const read of await Promise.all(reads)) expect(read).toEqual(bytes(4));
    expect(slow.calls.filter((call) => call === 'get a')).toHaveLength(1);
  });

  it('asks for what is local only tiers that no other server sees, and finds what is on its way', async () => {
    let disk!: ScriptedBackend;
    await start({
      tiers: (parts) => [
        (slow = new ScriptedBackend('slow', parts)),
        (disk = new ScriptedBackend('disk', parts, { shared: false })),
      ],
    });
    for (const name of ['both', 'slow']) {
      await put(test, key(name), bytes(1), { ack: 'all' });
      flush(name);
    }
    disk.copies.delete(key('slow').id);
    for (const tier of [slow, disk]) tier.hold();
    await put(test, key('flying'), bytes(1));
    flush('flying');
    slow.calls.splice(0);
    const keys = ['both', 'slow', 'flying', 'nothing'].map(key);
    const localOnly = true;
    expect(await test.engine.exists(keys, { localOnly })).toEqual(['disk', undefined, IN_FLIGHT, undefined]);
    expect(await test.engine.existsBatch(batchOf(keys), { localOnly })).toEqual(Uint8Array.of(3, 0, 255, 0));
    disk.release();
    for (const name of ['both', 'flying']) {
      using handle = await test.engine.get(key(name), { localOnly });
      expect(handle?.lengthBytes).toBe(100 * KIB);
    }
    expect(await test.engine.get(key('slow'), { localOnly })).toBeUndefined();
    // What the disk gave is promoted.
    expect(slow.calls).toEqual(['put both']);
  });

  it('does not wait, for what is local, for a load of the same key from a tier that others see', async () => {
    await start({
      tiers: (parts) => [
        (slow = new ScriptedBackend('slow', parts)),
        new ScriptedBackend('disk', parts, { shared: false }),
      ],
    });
    await put(test, key('a'), bytes(4), { ack: 'all' });
    flush('a');
    slow.hold();
    const read = get(test, key('a'));
    await new Promise(setImmediate);
    {
      using local = await test.engine.get(key('a'), { localOnly: true });
      expect(local?.lengthBytes).toBe(100 * KIB);
    }
    slow.release();
    expect(await read).toEqual(bytes(4));
  });

  it('does not bring back a chunk that was removed while it loaded', async () => {
    await start();
    await put(test, key('a'), bytes(5), { ack: 'all' });
    flush('a');
    slow.hold();
    const read = get(test, key('a'));
    await new Promise(setImmediate);
    await test.engine.delete([key('a')]);
    slow.release();
    await read;
    expect(await test.engine.exists([key('a')])).toEqual([undefined]);
  });

  it('does not promote old bytes over newer ones', async () => {
    await start();
    await put(test, key('a'), bytes(1), { ack: 'all' });
    flush('a');
    slow.hold();
    const read = get(test, key('a'));
    await new Promise(setImmediate);
    const rewritten = put(test, key('a'), bytes(2));
    slow.release();
    await Promise.all([read, rewritten]);
    expect(await get(test, key('a'))).toEqual(bytes(2));
  });

  it('hides a removed chunk although its put is still on its way', async () => {
    await start();
    slow.hold();
    await put(test, key('a'), bytes(1));
    expect(await test.engine.delete([key('a')])).toEqual([true]);
    const read = get(test, key('a'));
    slow.release();
    expect(await read).toBeUndefined();
    await test.engine.settled();
    expect(await test.engine.exists([key('a')])).toEqual([undefined]);
  });

  it.each(['rejected', 'busy', 'failed'] as const)(
    'stays silent when the slow tier answers %s',
    async (outcome) => {
      await start();
      slow.putOutcome = outcome;
      expect(await put(test, key('a'), bytes(1), { ack: 'all' })).toBe('stored');
      expect(test.engine.status().tiers[1]?.storesRefused[outcome]).toBe(1);
    },
  );

  it('serves no chunk that no tier stored', async () => {
    await start({ memory: false });
    slow.putOutcome = 'failed';
    expect(await put(test, key('a'), bytes(1))).toBe('failed');
    expect(await get(test, key('a'))).toBeUndefined();
    expect(test.engine.status().counters.refused['failed']).toBe(1);
  });

  it('turns a tier that breaks its promises into misses', async () => {
    await start();
    await put(test, key('a'), bytes(1), { ack: 'all' });
    flush('a');
    slow.throws = true;
    expect(await get(test, key('a'))).toBeUndefined();
    expect(await test.engine.exists([key('a')])).toEqual([undefined]);
    expect(await test.engine.delete([key('a')])).toEqual([false]);
    expect(await put(test, key('b'), bytes(1), { ack: 'all' })).toBe('stored');
  });

  it('finds a prefix that alternates between tiers', async () => {
    await start();
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await put(test, key(name), bytes(1), { ack: 'all' });
    ['b', 'd'].forEach(flush);
    const located = await test.stack.locatePrefix([...names, 'missing', 'a'].map(key));
    expect(located.map(({ tier }) => tier)).toEqual(['memory', 'slow', 'memory', 'slow', 'memory']);
  });

  it('reports as pinned only what was pinned', async () => {
    await start({ memory: false });
    const request = { model: 'm', tokens: new Uint32Array(768) };
    const chunks = test.engine.chunks(request);
    for (const chunk of chunks) await put(test, chunk.key, bytes(1), { ack: 'all' });
    const pin = slow.pin.bind(slow);
    slow.pin = async (wanted) => {
      slow.copies.delete(chunks[1]?.key.id ?? '');
      return pin(wanted);
    };
    expect(await test.engine.pinPrefix(request)).toMatchObject({ hitTokens: 256, chunks: [{ index: 0 }] });
  });

  it('slows puts to the pace of the slow tier, then refuses, and never holds more than the bound', async () => {
    await start({ config: { maxPendingBytes: 4 * MIB, admissionTimeoutMs: 20 } });
    slow.hold();
    const results: string[] = [];
    for (let i = 0; i < 6; i++) results.push(await put(test, key(`k${i}`), bytes(i, MIB)));
    expect(results).toEqual(['stored', 'stored', 'stored', 'stored', 'busy', 'busy']);
    slow.release();
    await test.engine.settled();
    expect(await put(test, key('later'), bytes(9, MIB))).toBe('stored');
  });

  it('bounds the number of small puts on their way, too', async () => {
    await start({ config: { maxPendingBytes: 8 * MIB, admissionTimeoutMs: 1 } });
    slow.hold();
    const results: string[] = [];
    for (let i = 0; i < 18; i++) results.push(await put(test, key(`k${i}`), bytes(i, 10)));
    expect(results.filter((result) => result === 'stored')).toHaveLength(16);
    slow.release();
    await test.engine.settled();
    expect(await put(test, key('later'), bytes(9, 10))).toBe('stored');
  });

  it('admits a put that waits as soon as the slow tier has caught up', async () => {
    await start({ config: { maxPendingBytes: MIB, admissionTimeoutMs: 10_000 } });
    slow.hold();
    await put(test, key('a'), bytes(1, MIB));
    const waiting = put(test, key('b'), bytes(2, MIB));
    await new Promise(setImmediate);
    slow.release();
    expect(await waiting).toBe('stored');
  });

  it('tells the slow tier of an expiry that was set while it stored', async () => {
    await start();
    slow.hold();
    await put(test, key('a'), bytes(1));
    const expired = test.engine.expire(key('a'), 5_000_000_000_000);
    slow.release();
    expect(await expired).toBe(true);
    expect(slow.copies.get(key('a').id)?.expiresAtMs).toBe(5_000_000_000_000);
  });

  it('lets a chunk live that replaced one which was to expire', async () => {
    await start();
    slow.hold();
    await put(test, key('a'), bytes(1));
    const expired = test.engine.expire(key('a'), 5_000_000_000_000);
    await put(test, key('a'), bytes(2));
    slow.release();
    expect(await expired).toBe(true);
    await test.engine.settled();
    expect(await test.engine.expiresAtMs(key('a'))).toBe(0);
    expect(slow.copies.get(key('a').id)?.expiresAtMs).toBe(0);
  });

  it('counts each key once and scans all tiers', async () => {
    await start();
    for (const name of ['a', 'b', 'c']) await put(test, key(name), bytes(1), { ack: 'all' });
    flush('c');
    await put(test, new ChunkKey(Buffer.from('other'), 3), bytes(1), { ack: 'all' });
    expect(await test.engine.count(0)).toBe(3);
    const seen = new Set<string>();
    let cursor = 0;
    do {
      const page = await test.engine.scan(0, cursor, 2);
      page.keys.forEach((found) => seen.add(found.toString()));
      cursor = page.cursor;
    } while (cursor !== 0);
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  });

  it('stores only what is absent when asked to', async () => {
    await start();
    await put(test, key('a'), bytes(1), { ack: 'all' });
    flush('a');
    expect(await put(test, key('a'), bytes(2), { onlyIfAbsent: true })).toBe('exists');
    expect(await put(test, key('b'), bytes(2), { onlyIfAbsent: true })).toBe('stored');
    expect(await get(test, key('a'))).toEqual(bytes(1));
  });

  it('clears chunks on their way too', async () => {
    await start();
    slow.hold();
    await put(test, key('a'), bytes(1));
    await test.engine.clear();
    const read = get(test, key('a'));
    slow.release();
    expect(await read).toBeUndefined();
  });
});
