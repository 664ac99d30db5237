import { afterEach, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { chunkBytes, expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { expectEventually } from '../support/eventually.js';
import { missingMooncake } from '../support/mooncake/mooncake-process.js';
import { MooncakeTrial } from '../support/mooncake/mooncake-trial.js';
import { describeWithPeer } from '../support/peer.js';
import { SeededRandom } from '../support/seeded-random.js';

/** How long a master waits for an owner: as it comes, and as short as an owner on a busy machine bears. */
const OWNER_TTL_S = process.env['KVNEST_SOAK'] === undefined ? 4 : 10;
const FORGET_MS = 1_000 * OWNER_TTL_S + 20_000;
const STORE = { args: [`--client_ttl=${OWNER_TTL_S}`] };
const CHUNKS = 16;

const random = new SeededRandom(7);
const lengths = Array.from({ length: 4 * CHUNKS }, () => 1 + random.below(100_000));
const keyOf = (i: number): ChunkKey => ChunkKey.of(`org/model@1@0@${(0xabc0 + i).toString(16)}@bfloat16`);
const bytesOf = (i: number): Buffer => chunkBytes(lengths[i] ?? 0, i);
const from = (first: number): readonly number[] => Array.from({ length: CHUNKS }, (_, i) => first + i);

describeWithPeer(missingMooncake())('When the master has forgotten an owner of memory', () => {
  const trial = new MooncakeTrial();

  afterEach(async () => {
    expect(await trial.end()).toBe(0);
  });

  it('that died: its chunks are not there any more, all that is put goes to others, and to one that comes new', async () => {
    // No ban ends while this runs: what goes on goes on in spite of it.
    const { cluster, world, raw } = await trial.begin(
      { ...STORE, segments: ['64MB', '64MB'] },
      { banMs: 600_000 },
    );
    const store = async (chunks: readonly number[]): Promise<void> => {
      for (const i of chunks) expect(await world.store(keyOf(i), bytesOf(i))).toBe('stored');
      for (const i of chunks) expectBytes(await world.fetch(keyOf(i)), bytesOf(i));
    };
    const endpoints = async (chunks: readonly number[]): Promise<readonly string[]> =>
      Promise.all(chunks.map(async (i) => (await raw.locate(String(keyOf(i)))).endpoint));

    await store(from(0));
    const places = await endpoints(from(0));
    expect(new Set(places).size).toBe(2);
    await cluster.owners[0]?.kill();
    const read = await Promise.all(from(0).map((i) => world.fetch(keyOf(i))));
    const lost = from(0).filter((i) => read[i] === 'miss');
    expect(lost.length).toBeGreaterThan(0);
    expect(new Set(lost.map((i) => places[i])).size).toBe(1);
    // The master still says that they are there.
    expect(await world.connector.existsMany(lost.map(keyOf))).toEqual(lost.map(() => true));

    await expectEventually(async () => (await cluster.segments())?.length === 1, FORGET_MS);
    expect(await world.connector.existsMany(lost.map(keyOf))).toEqual(lost.map(() => false));
    for (const i of from(0).filter((kept) => !lost.includes(kept)))
      expectBytes(await world.fetch(keyOf(i)), bytesOf(i));
    await store([...lost, ...from(CHUNKS)]);
    expect(new Set(await endpoints(from(CHUNKS))).size).toBe(1);

    await cluster.addOwner('64MB');
    await store(from(2 * CHUNKS));
    expect(new Set(await endpoints(from(2 * CHUNKS))).size).toBe(2);
    expect(world.logger.count('warn')).toBe(1);
  }, 120_000);

  it('that hung, and there is no other: all is a miss and puts are busy, until it goes on', async () => {
    const { cluster, world } = await trial.begin({ ...STORE, segments: ['64MB'] }, { banMs: 1_000 });
    for (const i of from(0)) expect(await world.store(keyOf(i), bytesOf(i))).toBe('stored');
    await cluster.owners[0]?.suspend();
    expect(await world.fetch(keyOf(0))).toBe('miss');
    await expectEventually(async () => (await cluster.segments())?.length === 0, FORGET_MS);
    // Nobody has to be waited for to know that.
    expect(await world.connector.existsMany(from(0).map(keyOf))).toEqual(from(0).map(() => false));
    for (const i of from(0)) expect(await world.fetch(keyOf(i))).toBe('miss');
    expect(await world.store(keyOf(CHUNKS), bytesOf(CHUNKS))).toBe('busy');

    cluster.owners[0]?.resume();
    await expectEventually(async () => (await cluster.segments())?.length === 1, FORGET_MS);
    await expectEventually(async () => (await world.store(keyOf(0), bytesOf(0))) === 'stored');
    for (const i of from(1)) expect(await world.store(keyOf(i), bytesOf(i))).toBe('stored');
    for (const i of from(0)) expectBytes(await world.fetch(keyOf(i)), bytesOf(i));
    expect(world.logger.count('warn')).toBe(1);
  }, 120_000);
});
