import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from '../../src/client/connect.js';
import { type KvnestClient } from '../../src/client/kvnest-client.interface.js';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { errorOf } from '../contracts/backend/backend-world.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { KvnestStore } from '../support/kvnest-store.js';
import { RemoteWorld } from '../support/remote-world.js';

const KEYS = Array.from({ length: 40 }, (_, i) => ChunkKey.of(`org/model@1@0@${i.toString(16)}@bfloat16`));
const UNREACHABLE = { code: 'KV_REMOTE_UNREACHABLE', retryable: true };

describe('kvnest:// to several servers', () => {
  let stores: KvnestStore[];
  let client: KvnestClient;
  let world: RemoteWorld;

  const url = (): string => `kvnest://${stores.map(({ address }) => address).join(',')}`;
  /** Which of the keys the server has that stands at this place. */
  const keysAt = async (place: number): Promise<readonly boolean[]> => {
    await using one = await connect(stores[place]!.url);
    return await one.exists(KEYS.map(String));
  };

  beforeAll(async () => {
    stores = await Promise.all([0, 1, 2].map(() => KvnestStore.start()));
    client = await connect(url());
  });
  afterAll(async () => {
    await client.close();
    for (const store of stores) await store[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    for (const store of stores) await store.clear();
    world = await RemoteWorld.open(url());
    const chunks = KEYS.map((key, i) => world.chunk({ key, bytes: chunkBytes(5_000 + i, i) }));
    expect(new Set(await world.connector.putMany(chunks))).toEqual(new Set(['stored']));
    for (const chunk of chunks) chunk[Symbol.dispose]();
  });
  afterEach(async () => expect(await world.close()).toBe(0));

  it('has each chunk on one of them, where kvnest/client finds it, too', async () => {
    const places = await Promise.all([0, 1, 2].map(keysAt));
    expect(KEYS.map((_, i) => places.filter((there) => there[i]).length)).toEqual(KEYS.map(() => 1));
    for (const there of places) expect(there.filter(Boolean).length).toBeGreaterThan(3);
    const values = await client.getMany(KEYS.map(String));
    for (const [i, value] of values.entries())
      expectBytes(Buffer.from(value!.bytes), chunkBytes(5_000 + i, i));
  });

  it('places chunks alike in whatever order the servers are named', async () => {
    const other = await RemoteWorld.open(
      `kvnest://${stores
        .map(({ address }) => address)
        .reverse()
        .join(',')}`,
    );
    expect(await other.connector.existsMany(KEYS)).toEqual(KEYS.map(() => true));
    expect(await other.close()).toBe(0);
  });

  it('answers in the order of the keys, with all that any of them has', async () => {
    const asked = [...KEYS].reverse();
    const outcomes = await world.connector.getMany(asked);
    for (const [i, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string') throw new Error(outcome);
      using handle = outcome;
      const n = KEYS.length - 1 - i;
      expectBytes(Buffer.concat(handle.views), chunkBytes(5_000 + n, n));
    }
    const removed = await world.connector.removeMany([KEYS[3]!, ChunkKey.of('none'), KEYS[7]!]);
    expect(removed).toEqual([true, false, true]);
    expect(await world.connector.existsMany(KEYS)).toEqual(KEYS.map((_, i) => i !== 3 && i !== 7));
  });

  it('lists what any of them has', async () => {
    const found = new Set<string>();
    let cursor = '';
    do {
      const page = await world.connector.list(cursor, 7);
      for (const { id } of page.keys) found.add(id);
      ({ cursor } = page);
    } while (cursor !== '');
    expect([...found].sort()).toEqual(KEYS.map(({ id }) => id).sort());
  });

  it('says how many of them answer', async () => {
    expect(await world.connector.describe!()).toMatch(/^3 of 3 servers: kvnest\/\S+, tiers memory$/);
  });

  it('goes on without one of them: what it had is missing, and it is found again', async () => {
    const lost = await keysAt(1);
    const kept = KEYS.findIndex((_, i) => !lost[i]);
    const gone = KEYS.findIndex((_, i) => lost[i]);
    await stores[1]!.process.kill();

    expect(await world.connector.existsMany(KEYS)).toEqual(lost.map((isLost) => !isLost));
    const outcomes = await world.connector.getMany(KEYS);
    expect(outcomes.map((outcome) => outcome === 'miss')).toEqual(lost);
    for (const outcome of outcomes) if (typeof outcome !== 'string') outcome[Symbol.dispose]();
    expect(await world.put({ key: KEYS[kept]! })).toBe('stored');
    expect(await errorOf(() => world.put({ key: KEYS[gone]! }))).toMatchObject(UNREACHABLE);
    expect(await errorOf(() => world.connector.remove(KEYS[gone]!))).toMatchObject(UNREACHABLE);
    await world.connector.ping();
    expect(await world.connector.describe!()).toMatch(/^2 of 3 servers/);

    const late = await RemoteWorld.open(url());
    expect(await late.connector.exists(KEYS[kept]!)).toBe(true);
    expect(await late.close()).toBe(0);

    await stores[1]!.restart();
    await expectEventually(async () => (await errorOf(() => world.put({ key: KEYS[gone]! }))) === undefined);
    await expectEventually(async () => await world.connector.exists(KEYS[gone]!));
  });

  it('fails when none of them is there', async () => {
    await Promise.all(stores.map(({ process }) => process.kill()));
    await expectEventually(async () => (await errorOf(() => world.connector.ping())) !== undefined);
    for (const call of [
      () => world.connector.get(KEYS[0]!),
      () => world.connector.existsMany(KEYS),
      () => world.connector.ping(),
      () => world.connector.list('', 1),
    ])
      expect(await errorOf(call)).toMatchObject(UNREACHABLE);
    const late = await RemoteWorld.create(url());
    expect(await errorOf(() => late.connector.connect())).toMatchObject(UNREACHABLE);
    expect(await late.close()).toBe(0);
    await Promise.all(stores.map((store) => store.restart()));
    await expectEventually(async () => (await errorOf(() => world.put({ key: KEYS[0]! }))) === undefined);
  });
});
