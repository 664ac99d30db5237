import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isKvError } from '../../src/common/errors/kv-error.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { HoldingProxy } from '../support/holding-proxy.js';
import { KvnestStore } from '../support/kvnest-store.js';
import { expectEventually } from '../support/eventually.js';
import { underLoad } from '../support/remote-load.js';
import { RemoteWorld } from '../support/remote-world.js';

const MIB = 2 ** 20;
const KEY = ChunkKey.of('org/model@1@0@abc@bfloat16');
const KEYS = Array.from({ length: 8 }, (_, i) => ChunkKey.of(`org/model@1@0@${i}@bfloat16`));
const UNREACHABLE = { code: 'KV_REMOTE_UNREACHABLE', retryable: true };
const ABORTED = { code: 'KV_REMOTE_ABORTED', retryable: true };
const ROUNDS = process.env['KVNEST_SOAK'] === undefined ? 1 : 30;

let store: KvnestStore;
let world: RemoteWorld;

const put = (bytes: Buffer, key = KEY): Promise<string> => world.put({ key, bytes });

async function read(key = KEY): Promise<Buffer | string> {
  const outcome = await world.read(key);
  return typeof outcome === 'string' ? outcome : outcome.bytes;
}

function codeOf(error: unknown): string {
  return isKvError(error) ? error.code : String(error);
}

/** Does something when the first bytes of value number `count` are there, which is when room is made for it. */
function atReservation(count: number, act: () => void): void {
  const { space } = world;
  const reserve = space.reserve.bind(space);
  let reservations = 0;
  space.reserve = (request) => {
    if (++reservations === count) act();
    return reserve(request);
  };
}

/** What becomes of `call` while something else happens. */
async function during(call: Promise<unknown>, event: () => Promise<unknown>): Promise<unknown> {
  const outcome = call.catch((error: unknown) => error);
  await event();
  return outcome;
}

/** Every call, with a signal or without. */
function calls(chunk: Parameters<RemoteWorld['connector']['put']>[0], signal?: AbortSignal) {
  const { connector } = world;
  const options = signal === undefined ? {} : { signal };
  return [
    () => connector.get(KEY, options),
    () => connector.getMany(KEYS, options),
    () => connector.put(chunk, options),
    () => connector.exists(KEY, options),
    () => connector.remove(ChunkKey.of('none'), options),
    () => connector.ping(options),
    () => connector.list('', 10, options),
    () => connector.describe!(options),
  ];
}

beforeAll(async () => {
  // What is late is not dead unless a test says so.
  store = await KvnestStore.start({ tcp: { heartbeat_ms: 600_000 } });
});
afterAll(() => store[Symbol.asyncDispose]());

describe('kvnest:// to a server that ends', () => {
  beforeEach(async () => {
    await store.clear();
    world = await RemoteWorld.open(store.url);
  });
  afterEach(async () => expect(await world.close()).toBe(0));

  it('by kill -9 fails at once, and finds it with the first call when it is there again', async () => {
    await put(chunkBytes(MIB));
    await store.process.kill();
    using chunk = world.chunk({ key: KEY });
    for (const call of calls(chunk)) expect(await errorOf(call)).toMatchObject(UNREACHABLE);
    await store.restart();
    expect(await read()).toBe('miss');
    expect(await put(chunkBytes(MIB, 2))).toBe('stored');
    expectBytes(await read(), chunkBytes(MIB, 2));
  });

  it.each(['exists', 'put', 'list'] as const)('between two calls does not notice it: %s', async (call) => {
    expect(await put(chunkBytes(50_000))).toBe('stored');
    await store.process.kill();
    await store.restart();
    if (call === 'exists') expect(await world.connector.exists(KEY)).toBe(false);
    else if (call === 'put') expect(await put(chunkBytes(50_000))).toBe('stored');
    else expect((await world.connector.list('', 10)).keys).toEqual([]);
  });

  it('in the midst of values keeps nothing of them', async () => {
    const some = KEYS.slice(0, 4);
    for (const key of some) await put(chunkBytes(5 * MIB), key);
    let killed: Promise<void> | undefined;
    atReservation(3, () => {
      killed = store.process.kill();
    });
    const outcome = await errorOf(() => world.connector.getMany(some));
    await killed;
    expect(outcome).toMatchObject(UNREACHABLE);
    expect(world.arena.usage().references).toBe(0);
    await store.restart();
  });

  it('in the midst of puts says that they failed', async () => {
    const chunks = KEYS.slice(0, 4).map((key, i) => world.chunk({ key, bytes: chunkBytes(5 * MIB, i) }));
    store.process.freeze();
    const outcome = await during(world.connector.putMany(chunks), () => store.process.kill());
    for (const chunk of chunks) chunk[Symbol.dispose]();
    expect(outcome).toMatchObject(UNREACHABLE);
    await store.restart();
    expect(await world.connector.existsMany(KEYS)).toEqual(KEYS.map(() => false));
  });

  it('by a listing in pages starts over', async () => {
    const many = Array.from({ length: 300 }, (_, i) => ChunkKey.of(`key-${i}`));
    for (const key of many) await put(chunkBytes(10), key);
    const first = await world.connector.list('', 150);
    await store.process.kill();
    await store.restart();
    for (const key of many) await put(chunkBytes(10), key);
    const found = new Set<string>();
    let { cursor } = first;
    expect(cursor).not.toBe('');
    while (cursor !== '') {
      const page = await world.connector.list(cursor, 150);
      for (const { id } of page.keys) found.add(id);
      ({ cursor } = page);
    }
    expect(found.size).toBe(many.length);
  });

  it('by SIGTERM takes nothing more, and loses nothing that it has answered', async () => {
    await put(chunkBytes(MIB));
    const outcomes = new Set<string>();
    const ended = { is: false };
    const ending = store.process.stop().then(() => (ended.is = true));
    do {
      const [outcome, got] = await Promise.all([
        put(chunkBytes(3_000), KEYS[0]).catch(codeOf),
        read().catch(codeOf),
      ]);
      outcomes.add(outcome);
      if (Buffer.isBuffer(got)) expectBytes(got, chunkBytes(MIB));
      else expect(got).toBe(UNREACHABLE.code);
    } while (!ended.is);
    await ending;
    expect(outcomes).toContain('busy');
    expect([...outcomes].filter((one) => !['stored', 'busy', UNREACHABLE.code].includes(one))).toEqual([]);
    await store.restart();
    expect(await put(chunkBytes(1))).toBe('stored');
  });
});

describe('kvnest:// to a server that hangs', () => {
  beforeEach(async () => {
    await store.clear();
    world = await RemoteWorld.open(`${store.url}?unresponsive_ms=400`);
  });
  afterEach(async () => {
    store.process.thaw();
    expect(await world.close()).toBe(0);
  });

  it('holds nobody who takes the call back, and serves when it goes on', async () => {
    await put(chunkBytes(MIB));
    using chunk = world.chunk({ key: KEY, bytes: chunkBytes(3 * MIB) });
    store.process.freeze();
    for (const call of calls(chunk)) expect(call).toBeDefined();
    for (const index of calls(chunk).keys()) {
      const call = calls(chunk, AbortSignal.timeout(20))[index]!;
      expect(await errorOf(call)).toMatchObject(ABORTED);
    }
    store.process.thaw();
    expect(await put(chunkBytes(MIB, 7))).toBe('stored');
    expectBytes(await read(), chunkBytes(MIB, 7));
  });

  it('is out of reach after a while, and found again', async () => {
    store.process.freeze();
    using chunk = world.chunk({ key: KEY, bytes: chunkBytes(9 * MIB) });
    const outcomes = await Promise.all(
      [
        () => world.connector.exists(KEY),
        () => world.connector.put(chunk),
        () => world.connector.get(KEY),
      ].map(errorOf),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject(UNREACHABLE);
    store.process.thaw();
    expect(await put(chunkBytes(MIB))).toBe('stored');
  });

  it('cannot be connected to, for as long as anybody waits', async () => {
    store.process.freeze();
    const other = await RemoteWorld.create(store.url);
    expect(await errorOf(() => other.connector.connect({ signal: AbortSignal.timeout(50) }))).toMatchObject(
      ABORTED,
    );
    store.process.thaw();
    await other.connector.connect();
    expect(await other.close()).toBe(0);
  });

  it.each([200, 300_000])(
    'does not let a put of %i bytes that was taken back replace a later one',
    async (lengthBytes) => {
      const random = [1, 2, 3].map((seed) => chunkBytes(lengthBytes, seed));
      for (const [i, bytes] of random.entries()) {
        store.process.freeze();
        using late = world.chunk({ key: KEY, bytes });
        expect(
          await errorOf(() => world.connector.put(late, { signal: AbortSignal.timeout(20) })),
        ).toMatchObject(ABORTED);
        const next = put(chunkBytes(500, 10 + i));
        store.process.thaw();
        expect(await next).toBe('stored');
        expectBytes(await read(), chunkBytes(500, 10 + i));
      }
    },
  );
});

describe('a put over kvnest:// that is taken back on a slow way', () => {
  let proxy: HoldingProxy;
  beforeEach(async () => {
    await store.clear();
    proxy = await HoldingProxy.start(Number(store.address.split(':').at(-1)));
    world = await RemoteWorld.open(`kvnest://127.0.0.1:${proxy.port}?unresponsive_ms=600000`);
    // Two connections for values, and one for the rest.
    await expectEventually(() => proxy.speakers === 3);
  });
  afterEach(async () => {
    proxy.release();
    expect(await world.close()).toBe(0);
    await proxy[Symbol.asyncDispose]();
  });

  it('is over before the next one of its key is sent', async () => {
    await put(chunkBytes(100, 1));
    proxy.holdNext();
    const abort = new AbortController();
    using late = world.chunk({ key: KEY, bytes: chunkBytes(2_000, 2) });
    const taken = errorOf(() => world.connector.put(late, { signal: abort.signal }));
    await expectEventually(() => proxy.heldBytes > 2_000);
    abort.abort();
    expect(await taken).toMatchObject(ABORTED);
    const isOver = { put: false, remove: false };
    const next = put(chunkBytes(3_000, 3)).finally(() => (isOver.put = true));
    expect(await put(chunkBytes(100, 4), KEYS[0])).toBe('stored');
    expectBytes(await read(), chunkBytes(100, 1));
    expect(isOver.put).toBe(false);
    proxy.release();
    expect(await next).toBe('stored');
    expectBytes(await read(), chunkBytes(3_000, 3));
  });

  it('holds back a removal of its key, too', async () => {
    proxy.holdNext();
    const abort = new AbortController();
    using late = world.chunk({ key: KEY, bytes: chunkBytes(2_000) });
    const taken = errorOf(() => world.connector.put(late, { signal: abort.signal }));
    await expectEventually(() => proxy.heldBytes > 2_000);
    abort.abort();
    expect(await taken).toMatchObject(ABORTED);
    const removed = world.connector.removeMany([KEYS[0]!, KEY]);
    expect(await world.connector.exists(KEY)).toBe(false);
    proxy.release();
    expect(await removed).toEqual([false, true]);
    expect(await read()).toBe('miss');
  });

  it('never takes effect when it was sent in part', async () => {
    await put(chunkBytes(100, 1));
    proxy.holdAfter(400_000);
    const abort = new AbortController();
    using late = world.chunk({ key: KEY, bytes: chunkBytes(16 * MIB, 2) });
    const taken = errorOf(() => world.connector.put(late, { signal: abort.signal }));
    await expectEventually(() => proxy.heldBytes > 0);
    abort.abort();
    expect(await taken).toMatchObject(ABORTED);
    expect(await put(chunkBytes(300, 3))).toBe('stored');
    proxy.release();
    expectBytes(await read(), chunkBytes(300, 3));
  });
});

describe('values over kvnest:// whose way breaks', () => {
  let proxy: HoldingProxy;
  const some = KEYS.slice(0, 4);
  beforeEach(async () => {
    await store.clear();
    proxy = await HoldingProxy.start(Number(store.address.split(':').at(-1)));
    // Else it would be asked for once more on one that breaks at the same time.
    world = await RemoteWorld.open(`kvnest://127.0.0.1:${proxy.port}?connections=1`);
    for (const [i, key] of some.entries()) await put(chunkBytes(3 * MIB, i), key);
  });
  afterEach(async () => {
    expect(await world.close()).toBe(0);
    await proxy[Symbol.asyncDispose]();
  });

  it('are asked for once more, and what had come of them is given back', async () => {
    atReservation(3, () => proxy.cutAll());
    const outcomes = await world.connector.getMany(some);
    for (const [i, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string') throw new Error(outcome);
      using handle = outcome;
      expectBytes(Buffer.concat(handle.views), chunkBytes(3 * MIB, i));
    }
    expect(world.arena.usage().references).toBe(0);
  });

  it('are given back when they are taken back in the midst of one', async () => {
    const abort = new AbortController();
    atReservation(3, () => queueMicrotask(() => abort.abort()));
    expect(await errorOf(() => world.connector.getMany(some, { signal: abort.signal }))).toMatchObject(
      ABORTED,
    );
    expect(world.arena.usage().references).toBe(0);
    expect((await read(some[3])).length).toBe(3 * MIB);
  });
});

describe('under load, kvnest://', () => {
  it(
    `gives nothing that nobody put, through ${ROUNDS} rounds of kills and halts`,
    async () => {
      const [summary] = await underLoad([store.url], 42, async ([load]) => {
        for (let round = 0; round < ROUNDS; round++) {
          await load!.untilServed(40);
          store.process.freeze();
          await new Promise((resolve) => setTimeout(resolve, 200));
          store.process.thaw();
          await load!.untilServed(40);
          await store.process.kill();
          await store.restart();
          await load!.untilServed(40);
        }
      });
      expect(summary!.counts.hits).toBeGreaterThan(100);
    },
    30_000 + ROUNDS * 30_000,
  );
});
