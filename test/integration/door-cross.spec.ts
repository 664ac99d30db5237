import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type StoredValue } from '../../src/client/index.js';
import { crc32c } from '../../src/common/crc32c.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { type DoorClient } from '../contracts/door/door-client.interface.js';
import { CHUNK_TOKENS, DOOR_NAMES, DOORS, type DoorName, DoorWorld } from '../support/doors/door-world.js';
import { expectEventually } from '../support/eventually.js';
import { RespTestClient } from '../support/resp-client.js';
import { SeededRandom } from '../support/seeded-random.js';

const MODEL = { model: 'org/model' };
/** Ways in: every door, from each to each. */
const PAIRS = DOOR_NAMES.flatMap((from) => DOOR_NAMES.map((to) => [from, to] as const));
const withTokens = (name: DoorName): boolean => DOORS[name].capabilities.tokens;
const TOKEN_PAIRS = PAIRS.filter(([from, to]) => withTokens(from) && withTokens(to));
const KEYS = ['a/b', 'модель@1@0@ab@half', 'a%2Fb?c#d', '__proto__', 'k'.repeat(4096)];
/** Connections at a time, over all doors. */
const CONNECTIONS = 200;

describe('one server, all doors', () => {
  let world: DoorWorld;
  let clients: Readonly<Record<DoorName, DoorClient>>;

  beforeAll(async () => {
    world = await DoorWorld.start();
    clients = await world.openAll();
  });

  afterAll(async () => {
    await Promise.all(Object.values(clients).map((client) => client.close()));
    await world.close();
  });

  function expectStored(name: DoorName, value: StoredValue | undefined, bytes: Buffer, metadata = ''): void {
    expectBytes(Buffer.from(value?.bytes ?? 'nothing'), bytes);
    if (!DOORS[name].capabilities.metadata) return;
    expect(value!.checksum).toBe(crc32c(bytes));
    expect(Buffer.from(value!.metadata).toString()).toBe(metadata);
  }

  describe('by key', () => {
    it.each(PAIRS)('%s stores and %s reads, finds and deletes', async (from, to) => {
      const [writer, reader] = [clients[from], clients[to]];
      const hasMetadata = DOORS[from].capabilities.metadata;
      const options = { namespace: 2, ...(hasMetadata && { metadata: Buffer.from('beside') }) };
      const values = [0, 1, 5000, 64 * 1024].map((length) => chunkBytes(length, length));
      for (const [i, key] of KEYS.entries()) await writer.put(key, values[i % values.length]!, options);
      const read = await reader.getMany(KEYS, { namespace: 2 });
      for (const [i, value] of read.entries())
        expectStored(to, value, values[i % values.length]!, hasMetadata ? 'beside' : '');
      expect(await reader.exists(KEYS, { namespace: 2 })).toEqual(KEYS.map(() => true));
      expect(await reader.put(KEYS[0]!, Buffer.from('x'), { namespace: 2, onlyIfAbsent: true })).toEqual({
        stored: false,
        reason: 'exists',
      });
      expect(await reader.exists(KEYS)).toEqual(KEYS.map(() => false));
      expect(await reader.delete(KEYS, { namespace: 2 })).toEqual(KEYS.map(() => true));
      expect(await writer.exists(KEYS, { namespace: 2 })).toEqual(KEYS.map(() => false));
    });

    it.each(PAIRS)('what %s lets expire is gone at %s', async (from, to) => {
      await clients[from].put('short', Buffer.from('x'), { ttlMs: 1 });
      await expectEventually(async () => !(await clients[to].exists(['short']))[0]);
      expect(await clients[to].getMany(['short'])).toEqual([undefined]);
    });

    it.each(PAIRS.filter(([from, to]) => [from, to].every((name) => DOORS[name].capabilities.pins)))(
      'what %s pins %s unpins',
      async (from, to) => {
        await clients[from].put('pinned', Buffer.from('x'));
        await clients[from].pin(['pinned']);
        await world.pressure();
        expect(await clients[to].unpin(['pinned'])).toEqual([true]);
        expect(await clients[from].unpin(['pinned'])).toEqual([false]);
      },
    );

    it('what is too large for messages in JSON is read at the others, and refused there', async () => {
      const bytes = chunkBytes(100_000, 7);
      await clients['kvnest/client'].put('large', bytes);
      for (const name of DOOR_NAMES) {
        const read = clients[name].getMany(['large']);
        const code = DOORS[name].errors['too-large'];
        if (code === 'KV_NEST_VALUE_TOO_LARGE') await expect(read).rejects.toMatchObject({ code });
        else expectStored(name, (await read)[0], bytes);
        expect(await clients[name].exists(['large'])).toEqual([true]);
      }
    });
  });

  describe('by tokens', () => {
    it.each(TOKEN_PAIRS)('%s stores and %s finds, retrieves, and ends at the gap', async (from, to) => {
      await clients.HTTP.clear();
      const tokens = Array.from({ length: 4 * CHUNK_TOKENS }, (_, i) => i);
      const chunk = (index: number): Buffer => chunkBytes(20_000 + index, index);
      const stored = await clients[from].store(
        tokens,
        [3, 0, 1].map((index) => ({ index, bytes: chunk(index), metadata: Buffer.from(`m${index}`) })),
        MODEL,
      );
      const { hitTokens, chunks } = await clients[to].lookup(tokens, MODEL);
      const retrieved = await clients[to].retrieve(tokens, MODEL);
      expect(hitTokens).toBe(2 * CHUNK_TOKENS);
      expect(retrieved.map(({ index }) => index)).toEqual([0, 1]);
      expect(chunks.map(({ key }) => key)).toEqual(stored.slice(1).map(({ key }) => key));
      for (const value of retrieved) expectStored(to, value, chunk(value.index), `m${value.index}`);
      for (const name of DOOR_NAMES) {
        const [value] = await clients[name].getMany([stored[0]!.key]);
        expectStored(name, value, chunk(3), 'm3');
      }
    });

    it('a chunk that is put by its key, at any door, is retrieved at every other', async () => {
      const tokens = Array.from({ length: CHUNK_TOKENS }, (_, i) => 1000 + i);
      const [stored] = await clients.HTTP.store(tokens, [{ index: 0, bytes: Buffer.from('x') }], MODEL);
      for (const [i, from] of DOOR_NAMES.entries()) {
        const bytes = chunkBytes(3000, i);
        await clients[from].put(stored!.key, bytes);
        for (const to of DOOR_NAMES.filter(withTokens)) {
          const [chunk] = await clients[to].retrieve(tokens, MODEL);
          expectStored(to, chunk, bytes);
        }
      }
    });
  });

  it('says the same of itself at every door', async () => {
    const doors = DOOR_NAMES.filter((name) => DOORS[name].capabilities.status);
    const statuses = await Promise.all(doors.map((name) => clients[name].status()));
    for (const status of statuses) {
      expect(Object.keys(status)).toEqual(Object.keys(statuses[0]!));
      expect(status.tiers.map(({ name }) => name)).toEqual(['memory']);
      expect(status.doors.map(({ name }) => name).sort()).toEqual(['http', 'lm', 'nest', 'resp', 'tcp']);
    }
  });

  it(`serves ${CONNECTIONS} connections over all doors, each with what belongs to it`, async () => {
    await clients.HTTP.clear();
    const open = Array.from({ length: CONNECTIONS }, (_, i) => DOOR_NAMES[i % DOOR_NAMES.length]!);
    const busy = await Promise.all(open.map((name) => world.open(name)));
    // Who stays connected and says nothing is no burden to others.
    const idle = await Promise.all(
      Array.from({ length: 20 }, () => RespTestClient.open(world.server.port('resp'))),
    );
    try {
      await Promise.all(
        busy.map((client, i) => work(client, { name: open[i]!, id: i, others: clients, expectStored })),
      );
      const connections = ['http', 'resp', 'tcp', 'nest'].map((name) => world.server.door(name).connections);
      expect(connections.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(CONNECTIONS);
      expect(Math.min(...connections)).toBeGreaterThan(0);
    } finally {
      await Promise.all(busy.map((client) => client.close()));
      for (const client of idle) client[Symbol.dispose]();
    }
    await world.engine.settled();
    await expectEventually(
      () => world.engine.status().arena.references <= world.engine.status().tiers[0]!.chunks,
    );
  });
});

interface Work {
  readonly name: DoorName;
  readonly id: number;
  readonly others: Readonly<Record<DoorName, DoorClient>>;
  readonly expectStored: (name: DoorName, value: StoredValue | undefined, bytes: Buffer) => void;
}

/** Puts, reads here and at another door, and deletes: its own keys, and a prefix of its own. */
async function work(client: DoorClient, { name, id, others, expectStored }: Work): Promise<void> {
  const random = new SeededRandom(id);
  for (let round = 0; round < 4; round++) {
    const key = `connection-${id}/${round}`;
    const bytes = chunkBytes(random.below(30_000), id * 10 + round);
    expect(await client.put(key, bytes)).toMatchObject({ stored: true });
    expect(await client.exists([key, `${key}.`])).toEqual([true, false]);
    expectStored(name, (await client.getMany([key]))[0], bytes);
    const other = random.pick(DOOR_NAMES);
    expectStored(other, (await others[other].getMany([key]))[0], bytes);
    expect(await client.delete([key])).toEqual([true]);
    if (!DOORS[name].capabilities.tokens) continue;
    const tokens = Array.from({ length: CHUNK_TOKENS }, () => id * 10 + round);
    await client.store(tokens, [{ index: 0, bytes }], MODEL);
    expectStored(name, (await client.retrieve(tokens, MODEL))[0], bytes);
  }
}
